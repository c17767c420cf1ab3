using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.Threading;

/// <summary>The threads that may be asleep in a blocking call, and the way to let all of them go at once without losing a byte.</summary>
/// <remarks>
/// Closing a socket under a sleeping recv would reset the peer. Instead each socket is made non-blocking, which a call that is
/// asleep does not notice, and then its thread gets a signal: the kernel restarts the interrupted call (SA_RESTART), which looks
/// at O_NONBLOCK anew and returns. A thread that was not asleep yet meets the flag in its next call. In this order there is no
/// race; and as long as nobody stops, it costs nothing. See signal(7) and fcntl(2).
/// </remarks>
public sealed class BlockedThreads : IDisposable
{
    private static readonly Lazy<bool> HandlerInstalled = new(InstallHandler);

    private readonly SocketSet _sockets;
    private readonly CancellationTokenRegistration _registration;
    private readonly HashSet<Registration> _seats = [];
    private readonly Lock _gate = new();
    private volatile bool _interrupting;

    public BlockedThreads(SocketSet sockets, CancellationToken stop)
    {
        _sockets = sockets;
        _ = HandlerInstalled.Value;
        _registration = stop.Register(Interrupt);
    }

    /// <summary>From now on this thread may sleep in a call on this socket. Dispose the seat before the socket is closed.</summary>
    public Registration Enter(EventSource socket)
    {
        Registration seat = new(this, socket);
        lock (_gate)
            _seats.Add(seat);

        if (_interrupting)
            seat.Interrupt();

        return seat;
    }

    public void Dispose() => _registration.Dispose();

    private void Interrupt()
    {
        Registration[] seats;
        lock (_gate)
        {
            _interrupting = true;
            seats = [.. _seats];
        }

        foreach (Registration seat in seats)
            seat.Interrupt();
    }

    /// <summary>A signal interrupts a call only if it has a handler. Any function that is harmless in one will do: getpid(2).</summary>
    private static bool InstallHandler()
    {
        if (!OperatingSystem.IsLinux())
            return false;

        nint harmless = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "getpid");
        return Libc.Signal(Libc.SIGURG, harmless) != -1 ? true : throw Errno.Failure("signal");
    }

    /// <summary>A thread's place among the sleepers.</summary>
    public sealed class Registration : IDisposable
    {
        private readonly BlockedThreads _sleepers;
        private readonly EventSource _socket;
        private readonly nint _thread = OperatingSystem.IsLinux() ? Libc.ThreadSelf() : 0;
        private readonly Lock _gate = new();
        private bool _empty;

        internal Registration(BlockedThreads sleepers, EventSource socket)
        {
            _sleepers = sleepers;
            _socket = socket;
        }

        public void Dispose()
        {
            lock (_gate)
                _empty = true;

            // When all are let go at once, nobody looks at the list any more; a thousand threads need not queue for it.
            if (_sleepers._interrupting)
                return;

            lock (_sleepers._gate)
                _sleepers._seats.Remove(this);
        }

        internal void Interrupt()
        {
            // As long as the seat is taken, its thread is alive and its socket open.
            lock (_gate)
            {
                if (_empty)
                    return;

                _sleepers._sockets.EndBlocking(_socket);
                if (OperatingSystem.IsLinux())
                    _ = Libc.ThreadKill(_thread, Libc.SIGURG);
            }
        }
    }
}
