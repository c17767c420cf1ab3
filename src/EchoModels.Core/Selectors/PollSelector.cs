using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>poll(2): the program keeps the list, hands all of it over at every wait, and walks all of it afterwards.</summary>
internal sealed class PollSelector : ISelector
{
    private readonly LinuxKernel _kernel;
    private readonly Waker _waker;
    private readonly Dictionary<int, int> _indexes = [];
    private Token[] _tokens = new Token[64];
    private PollFd[] _list = new PollFd[64];
    private ReadyEvent[] _ready = new ReadyEvent[64];
    private int _count;

    public PollSelector(LinuxKernel kernel)
    {
        _kernel = kernel;
        _waker = new Waker(kernel);
        Add(_waker.Socket, Interest.Read);
    }

    public void Add(SocketHandle socket, Interest interest)
    {
        if (_count == _list.Length)
            Grow();

        _indexes.Add(socket.Number, _count);
        _tokens[_count] = socket.Token;
        _list[_count++] = new PollFd { Descriptor = socket.Number, Events = Mask(interest) };
    }

    public void Modify(SocketHandle socket, Interest interest) => _list[_indexes[socket.Number]].Events = Mask(interest);

    public void Remove(SocketHandle socket)
    {
        _indexes.Remove(socket.Number, out int index);
        int last = --_count;
        if (index == last)
            return;

        // The last one moves into the gap.
        (_tokens[index], _list[index]) = (_tokens[last], _list[last]);
        _indexes[_list[index].Descriptor] = index;
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        int found = _kernel.Poll(_list, _count, milliseconds);
        int count = 0;
        for (int i = 0; found > 0; i++)
        {
            short mask = _list[i].Returned;
            if (mask == 0)
                continue;

            found--;
            if (_tokens[i] == Token.Waker)
                _waker.Reset();
            else
                _ready[count++] = new ReadyEvent(_tokens[i], Ready(mask));
        }

        return _ready.AsSpan(0, count);
    }

    public void Wake() => _waker.Wake();

    public void Dispose() => _waker.Dispose();

    private void Grow()
    {
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
