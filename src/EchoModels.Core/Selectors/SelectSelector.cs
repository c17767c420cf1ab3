using System.Numerics;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>select(2): a bit per descriptor in a set of 1,024, handed over at every wait; the ready ones' bits come back.</summary>
/// <remarks>
/// What counts is the descriptor's value, not how many there are: 1,024 has no bit, and setting it would write past the end of the set,
/// as FD_SET does. It is refused here. See select(2), BUGS.
/// </remarks>
internal sealed class SelectSelector : ISelector
{
    private readonly LinuxKernel _kernel;
    private readonly Waker _waker;
    private readonly Token[] _tokens = new Token[Libc.FD_SETSIZE];
    private readonly FdSet _toRead = new();
    private readonly FdSet _toWrite = new();
    private readonly FdSet _readable = new();
    private readonly FdSet _writable = new();
    private readonly ReadyEvent[] _ready = new ReadyEvent[Libc.FD_SETSIZE];
    private int _end;

    public SelectSelector(LinuxKernel kernel)
    {
        _kernel = kernel;
        _waker = new Waker(kernel);
        try
        {
            Add(_waker.Socket, Interest.Read);
        }
        catch
        {
            _waker.Dispose();
            throw;
        }
    }

    public bool CanWatch(SocketHandle socket) => socket.Number < Libc.FD_SETSIZE;

    public void Add(SocketHandle socket, Interest interest)
    {
        if (!CanWatch(socket))
            throw new IOException($"select: descriptor {socket.Number} has no bit in an fd_set, whose last one is {Libc.FD_SETSIZE - 1}");

        _tokens[socket.Number] = socket.Token;
        _end = Math.Max(_end, socket.Number + 1);
        Modify(socket, interest);
    }

    public void Modify(SocketHandle socket, Interest interest)
    {
        _toRead.Set(socket.Number, (interest & Interest.Read) != 0);
        _toWrite.Set(socket.Number, (interest & Interest.Write) != 0);
    }

    public void Remove(SocketHandle socket) => Modify(socket, Interest.None);

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        // The kernel writes its answer over the question: each wait needs a copy.
        _readable.CopyFrom(_toRead);
        _writable.CopyFrom(_toWrite);
        if (_kernel.Select(_end, _readable, _writable, milliseconds) == 0)
            return [];

        int count = 0;
        for (int word = 0; word * FdSet.BitsPerWord < _end; word++)
        {
            for (ulong bits = _readable.Words[word] | _writable.Words[word]; bits != 0; bits &= bits - 1)
            {
                int descriptor = (word * FdSet.BitsPerWord) + BitOperations.TrailingZeroCount(bits);
                if (_tokens[descriptor] == Token.Waker)
                    _waker.Reset();
                else
                    _ready[count++] = new ReadyEvent(_tokens[descriptor], Ready(descriptor));
            }
        }

        return _ready.AsSpan(0, count);
    }

    public void Wake() => _waker.Wake();

    public void Dispose() => _waker.Dispose();

    private Interest Ready(int descriptor) =>
        (_readable.IsSet(descriptor) ? Interest.Read : 0) | (_writable.IsSet(descriptor) ? Interest.Write : 0);
}
