using System.Net.Sockets;
using System.Numerics;
using System.Runtime.InteropServices;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>select(2): a bit per descriptor in a set of 1,024, handed over at every wait; the ready ones' bits come back.</summary>
/// <remarks>
/// What counts is the descriptor's value, not how many there are: 1,024 has no bit, and setting it would write past the set's end
/// into somebody else's memory, as FD_SET does. It is refused here. See select(2), BUGS.
/// </remarks>
internal sealed class SelectSelector : ISelector
{
    private const int BitsPerWord = 64;
    private const int Words = Libc.FD_SETSIZE / BitsPerWord;

    private readonly Waker _waker = new();
    private readonly Token[] _tokens = new Token[Libc.FD_SETSIZE];
    private readonly ulong[] _toRead = new ulong[Words];
    private readonly ulong[] _toWrite = new ulong[Words];
    private readonly ulong[] _read = new ulong[Words];
    private readonly ulong[] _written = new ulong[Words];
    private readonly ReadyEvent[] _ready = new ReadyEvent[Libc.FD_SETSIZE];
    private int _end;

    public SelectSelector()
    {
        try
        {
            Add(_waker.Socket, Interest.Read, Waker.Token);
        }
        catch
        {
            _waker.Dispose();
            throw;
        }
    }

    public bool CanWatch(Socket socket) => socket.Handle < Libc.FD_SETSIZE;

    public void Add(Socket socket, Interest interest, Token token)
    {
        if (!CanWatch(socket))
            throw new IOException($"select: descriptor {socket.Handle} has no bit in an fd_set, whose last one is {Libc.FD_SETSIZE - 1}");

        _end = Math.Max(_end, (int)socket.Handle + 1);
        Modify(socket, interest, token);
    }

    public void Modify(Socket socket, Interest interest, Token token)
    {
        int descriptor = (int)socket.Handle;
        _tokens[descriptor] = token;
        Put(_toRead, descriptor, (interest & Interest.Read) != 0);
        Put(_toWrite, descriptor, (interest & Interest.Write) != 0);
    }

    public void Remove(Socket socket) => Modify(socket, Interest.None, default);

    public unsafe ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        // The kernel writes its answer over the question: each wait needs a copy.
        _toRead.CopyTo(_read, 0);
        _toWrite.CopyTo(_written, 0);
        TimeValue limit = new() { Seconds = milliseconds / 1_000, Microseconds = milliseconds % 1_000 * 1_000 };
        int found = Libc.Select(_end, _read, _written, 0, milliseconds < 0 ? null : &limit);
        if (found < 0)
            return Marshal.GetLastPInvokeError() == Errno.EINTR ? [] : throw Errno.Failure("select");

        int count = 0;
        for (int word = 0; word * BitsPerWord < _end; word++)
        {
            for (ulong bits = _read[word] | _written[word]; bits != 0; bits &= bits - 1)
            {
                int descriptor = (word * BitsPerWord) + BitOperations.TrailingZeroCount(bits);
                if (_tokens[descriptor] == Waker.Token)
                    _waker.Reset();
                else
                    _ready[count++] = new ReadyEvent(_tokens[descriptor], Ready(descriptor));
            }
        }

        return _ready.AsSpan(0, count);
    }

    public bool Wake() => _waker.Wake();

    public void Dispose() => _waker.Dispose();

    private Interest Ready(int descriptor) =>
        (Has(_read, descriptor) ? Interest.Read : 0) | (Has(_written, descriptor) ? Interest.Write : 0);

    private static bool Has(ulong[] set, int descriptor) => (set[descriptor / BitsPerWord] & Bit(descriptor)) != 0;

    private static void Put(ulong[] set, int descriptor, bool on)
    {
        ref ulong word = ref set[descriptor / BitsPerWord];
        word = on ? word | Bit(descriptor) : word & ~Bit(descriptor);
    }

    private static ulong Bit(int descriptor) => 1UL << (descriptor % BitsPerWord);
}
