using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Signals;

/// <summary>The signals that sockets send to this thread: blocked, so that they queue up instead of interrupting.</summary>
/// <remarks>
/// A real-time signal (F_SETSIG) queues once for each arrival and carries the descriptor. When the queue is full (RLIMIT_SIGPENDING),
/// the kernel sends plain SIGIO instead, which is never lost and says only "somebody". See fcntl(2) and signal(7). Everything but
/// <see cref="Wake"/> belongs to the thread that made it. Before it is disposed of, every socket must have been disarmed: what
/// would still come after the thread's mask is as it was kills the process.
/// </remarks>
internal sealed class SignalQueue : IDisposable
{
    /// <summary>A wait that ended without a signal of a socket.</summary>
    public const int Nobody = -1;

    /// <summary>The queue overflowed, or somebody woke us: it may be any of the sockets.</summary>
    public const int Anybody = -2;

    /// <summary>SIGRTMIN + 6: the C library keeps 32 and 33, the runtime takes 34.</summary>
    private const int Signal = 40;

    private static readonly SignalSet Ours = SignalSet.Of(Signal, Libc.SIGIO);

    /// <summary>A socket with an owner also sends SIGURG for urgent data: let in, it would make a recv say "not now" that is not so.</summary>
    private static readonly SignalSet Blocked = SignalSet.Of(Signal, Libc.SIGIO, Libc.SIGURG);

    private readonly CallCounters _counters;
    private readonly nint _thread = Libc.ThreadSelf();
    private readonly FileOwner _owner = new() { Kind = Libc.F_OWNER_TID, Id = Libc.ThreadId() };
    private readonly SignalSet _maskBefore;
    private readonly Lock _waking = new();
    private bool _left;

    public SignalQueue(CallCounters counters)
    {
        _counters = counters;
        if (Libc.ThreadSignalMask(Libc.SIG_BLOCK, in Blocked, out _maskBefore) is not 0 and int error)
            throw Errno.Failure("pthread_sigmask", error);
    }

    /// <summary>From here on, each arrival at the socket queues a signal. What has arrived before is not told.</summary>
    public void Arm(Socket socket)
    {
        if (Libc.FileControl(socket.SafeHandle, Libc.F_SETOWN_EX, in _owner) < 0
            || Libc.FileControl(socket.SafeHandle, Libc.F_SETSIG, Signal) < 0
            || Libc.ControlWith(socket.SafeHandle, Libc.FIOASYNC, 1) < 0)
        {
            throw Errno.Failure("fcntl");
        }
    }

    /// <summary>No signal any more, from when this returns; the kernel waits for one that is just being sent.</summary>
    public static void Disarm(Socket socket)
    {
        _ = Libc.ControlWith(socket.SafeHandle, Libc.FIOASYNC, 0);
        _ = Libc.FileControl(socket.SafeHandle, Libc.F_SETOWN, 0);
        _ = Libc.FileControl(socket.SafeHandle, Libc.F_SETSIG, 0);
    }

    /// <summary>Sleeps until there is a signal, and takes it out of the queue.</summary>
    /// <returns>The descriptor that sent it, or <see cref="Anybody"/>, or <see cref="Nobody"/>.</returns>
    public unsafe int Wait(int milliseconds)
    {
        TimeSpecification limit = new() { Seconds = milliseconds / 1_000, Nanoseconds = milliseconds % 1_000 * 1_000_000 };
        int signal = Take(in Ours, out SignalInfo info, milliseconds < 0 ? null : &limit);
        if (signal < 0)
            return Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR ? Nobody : throw Errno.Failure("sigtimedwait");
        if (signal == Libc.SIGIO)
            return Anybody;

        return info.Code > 0 ? info.Descriptor : Nobody;
    }

    /// <summary>Ends the wait under way, or else the next one, from any thread; by SIGIO, for which there is always room.</summary>
    public void Wake()
    {
        lock (_waking)
        {
            if (_left)
                return;

            _counters.Add(Counter.Wake);
            _ = Libc.ThreadKill(_thread, Libc.SIGIO);
        }
    }

    public unsafe void Dispose()
    {
        lock (_waking)
            _left = true;

        TimeSpecification now = default;
        while (Take(in Blocked, out _, &now) > 0 || Marshal.GetLastPInvokeError() == Errno.EINTR)
            continue; // left in the queue, it would be delivered now

        _ = Libc.ThreadSignalMask(Libc.SIG_SETMASK, in _maskBefore, out _);
    }

    private unsafe int Take(in SignalSet which, out SignalInfo info, TimeSpecification* limit)
    {
        _counters.Add(Counter.Wait);
        int signal = Libc.SignalTimedWait(in which, out info, limit);
        if (signal > 0)
            _counters.Add(Counter.Signal);

        return signal;
    }
}
