using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>poll(2): we keep the list, hand all of it over at every wait, and walk all of it afterwards.</summary>
internal sealed class PollSelector : ISelector
{
    private readonly Waker _waker = new();
    private readonly Dictionary<Socket, int> _places = [];
    private Socket[] _sockets = new Socket[64];
    private Token[] _tokens = new Token[64];
    private PollFd[] _list = new PollFd[64];
    private ReadyEvent[] _ready = new ReadyEvent[64];
    private int _count;

    public PollSelector() => Add(_waker.Socket, Interest.Read, Waker.Token);

    public void Add(Socket socket, Interest interest, Token token)
    {
        if (_count == _list.Length)
            Grow();

        _places.Add(socket, _count);
        _sockets[_count] = socket;
        _tokens[_count] = token;
        _list[_count++] = new PollFd { Descriptor = (int)socket.Handle, Events = Mask(interest) };
    }

    public void Modify(Socket socket, Interest interest, Token token)
    {
        int place = _places[socket];
        _tokens[place] = token;
        _list[place].Events = Mask(interest);
    }

    public void Remove(Socket socket)
    {
        _places.Remove(socket, out int place);
        int last = --_count;
        if (place == last)
            return;

        // The last one moves into the gap.
        (_sockets[place], _tokens[place], _list[place]) = (_sockets[last], _tokens[last], _list[last]);
        _places[_sockets[place]] = place;
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        int found = Libc.Poll(_list, (nuint)_count, milliseconds);
        if (found < 0)
            return Marshal.GetLastPInvokeError() == Errno.EINTR ? [] : throw Errno.Failure("poll");

        int count = 0;
        for (int i = 0; found > 0; i++)
        {
            short mask = _list[i].Returned;
            if (mask == 0)
                continue;

            found--;
            if (_tokens[i] == Waker.Token)
                _waker.Reset();
            else
                _ready[count++] = new ReadyEvent(_tokens[i], Ready(mask));
        }

        return _ready.AsSpan(0, count);
    }

    public bool Wake() => _waker.Wake();

    public void Dispose() => _waker.Dispose();

    private void Grow()
    {
        Array.Resize(ref _sockets, _count * 2);
        Array.Resize(ref _tokens, _count * 2);
        Array.Resize(ref _list, _count * 2);
        Array.Resize(ref _ready, _count * 2);
    }

    private static short Mask(Interest interest) =>
        (short)(((interest & Interest.Read) != 0 ? Libc.POLLIN : 0) | ((interest & Interest.Write) != 0 ? Libc.POLLOUT : 0));

    private static Interest Ready(short mask)
    {
        if ((mask & (Libc.POLLERR | Libc.POLLHUP | Libc.POLLNVAL)) != 0)
            return Interest.Read | Interest.Write;

        return ((mask & Libc.POLLIN) != 0 ? Interest.Read : 0) | ((mask & Libc.POLLOUT) != 0 ? Interest.Write : 0);
    }
}
