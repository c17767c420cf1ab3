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
    private readonly BlockedSignals _blocked;
    private readonly Lock _waking = new();
    private readonly WatchedNumbers _watched = new();
    private readonly ReadyEvent[] _ready = new ReadyEvent[1];
    private bool _disposed;

    public SignalSelector(LinuxKernel kernel)
    {
        _kernel = kernel;
        _blocked = new BlockedSignals(kernel, in Blocked);
    }

    public void Add(SocketHandle socket, Interest interest)
    {
        _watched.Add(socket);
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
        _watched.Remove(socket);
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        int signal = _kernel.SignalTimedWait(in Collected, out SignalInfo info, milliseconds);
        if (signal == Libc.SIGIO)
            return All();

        // A code above 0 comes from a descriptor. The socket may have been closed since, and its number may be another's.
        Token token = signal == Signal && info.Code > 0 ? _watched[info.Descriptor] : Token.None;
        if (token == Token.None)
            return [];

        _ready[0] = new ReadyEvent(token, Anything);
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

    /// <summary>No socket sends a signal any more when they are unblocked.</summary>
    public void Dispose()
    {
        lock (_waking)
            _disposed = true;

        foreach (SocketHandle socket in _watched.Sockets)
            _kernel.DisableSignals(socket);

        _blocked.Dispose();
    }

    private ReadOnlySpan<ReadyEvent> All() => _watched.Sockets.Select(socket => new ReadyEvent(socket.Token, Anything)).ToArray();
}
