using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>SIGIO: each socket sends a signal with its number when something happens to it; they queue until they are collected.</summary>
/// <remarks>
/// There is no list of sockets in the kernel, only a flag on each (O_ASYNC). The signals are blocked, so they do not interrupt. A real-time
/// signal (F_SETSIG) queues once for each event, which may be out of date when it is read. When the queue is full (RLIMIT_SIGPENDING), the
/// kernel sends plain SIGIO instead, which is never lost and says only "some socket": then all are returned. See fcntl(2), signal(7).
/// </remarks>
internal sealed class SignalSelector : ISelector
{
    /// <summary>SIGRTMIN + 6: the C library keeps 32 and 33, the runtime takes 34.</summary>
    private const int Signal = 40;

    private const Interest Anything = Interest.Read | Interest.Write | Interest.EndOrUrgent;

    private static readonly SignalSet Collected = SignalSet.Of(Signal, Libc.SIGIO);

    /// <summary>A socket with an owner also sends SIGURG for urgent data: it would end a recv with EINTR.</summary>
    private static readonly SignalSet Blocked = SignalSet.Of(Signal, Libc.SIGIO, Libc.SIGURG);

    private readonly LinuxKernel _kernel;
    private readonly nint _thread = Libc.ThreadSelf();
    private readonly int _threadId = Libc.ThreadId();
    private readonly SignalSet _maskBefore;
    private readonly Lock _waking = new();
    private Token[] _tokens = [];
    private ReadyEvent[] _ready = [];
    private bool _disposed;

    public SignalSelector(LinuxKernel kernel)
    {
        _kernel = kernel;
        Grow(64);
        if (Libc.ThreadSignalMask(Libc.SIG_BLOCK, in Blocked, out _maskBefore) is not 0 and int error)
            throw Errno.Failure("pthread_sigmask", error);
    }

    public void Add(SocketHandle socket, Interest interest)
    {
        if (socket.Number >= _tokens.Length)
            Grow(Math.Max(socket.Number + 1, _tokens.Length * 2));

        _tokens[socket.Number] = socket.Token;
        Modify(socket, interest);
    }

    public void Modify(SocketHandle socket, Interest interest)
    {
        if (interest == Interest.None)
            _kernel.DisableSignals(socket);
        else
            _kernel.EnableSignals(socket, Signal, _threadId);
    }

    public void Remove(SocketHandle socket)
    {
        _kernel.DisableSignals(socket);
        _tokens[socket.Number] = Token.None;
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        int signal = _kernel.SignalTimedWait(in Collected, out SignalInfo info, milliseconds);
        if (signal == Libc.SIGIO)
            return All();

        // A code above 0 comes from a descriptor. The socket may have been closed since, and its number may be another's.
        bool isKnown = signal == Signal && info.Code > 0 && (uint)info.Descriptor < (uint)_tokens.Length && _tokens[info.Descriptor] != Token.None;
        if (!isKnown)
            return [];

        _ready[0] = new ReadyEvent(_tokens[info.Descriptor], Anything);
        return _ready.AsSpan(0, 1);
    }

    public void Wake()
    {
        lock (_waking)
        {
            if (!_disposed)
                _kernel.Wake(_thread, Libc.SIGIO); // for which there is always room
        }
    }

    /// <summary>A signal that comes, or is delivered, once the mask is as it was would kill the process: so none is left before that.</summary>
    public void Dispose()
    {
        lock (_waking)
            _disposed = true;

        for (int number = 0; number < _tokens.Length; number++)
        {
            if (_tokens[number] != Token.None)
                _kernel.DisableSignals(new SocketHandle(number, _tokens[number]));
        }

        while (_kernel.SignalTimedWait(in Blocked, out _, 0) > 0)
            continue;

        _ = Libc.ThreadSignalMask(Libc.SIG_SETMASK, in _maskBefore, out _);
    }

    private ReadOnlySpan<ReadyEvent> All()
    {
        int count = 0;
        foreach (Token token in _tokens)
        {
            if (token != Token.None)
                _ready[count++] = new ReadyEvent(token, Anything);
        }

        return _ready.AsSpan(0, count);
    }

    private void Grow(int length)
    {
        int before = _tokens.Length;
        Array.Resize(ref _tokens, length);
        Array.Fill(_tokens, Token.None, before, length - before);
        Array.Resize(ref _ready, length);
    }
}
