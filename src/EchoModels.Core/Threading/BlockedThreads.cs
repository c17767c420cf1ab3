using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Threading;

/// <summary>The threads that may be asleep in a blocking call, and the way to interrupt all of them at once without losing a byte.</summary>
/// <remarks>
/// To close a socket under a sleeping recv would reset the peer. Instead each socket is made non-blocking, which a call that is asleep does
/// not notice, and then its thread gets a signal: the kernel restarts the interrupted call (SA_RESTART), which looks at O_NONBLOCK again
/// and returns. A thread that was not asleep yet meets the flag in its next call. In this order there is no race; and as long as no stop
/// is requested, it costs nothing. See signal(7) and fcntl(2).
/// </remarks>
public sealed class BlockedThreads : IDisposable
{
    private static readonly Lazy<bool> HandlerInstalled = new(InstallHandler);

    private readonly SocketSet _sockets;
    private readonly CancellationTokenRegistration _registration;
    private readonly HashSet<Registration> _registered = [];
    private readonly Lock _gate = new();
    private volatile bool _interrupting;

    public BlockedThreads(SocketSet sockets, CancellationToken stop)
    {
        _sockets = sockets;
        Stop = stop;
        InheritedSignals.Unblock(); // the model's threads are started from this one
        _ = HandlerInstalled.Value;
        _registration = stop.Register(Interrupt);
    }

    /// <summary>When all of them are to be interrupted.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Sleeps in accept until a client comes; null if there is none to serve: interrupted, or the listener backs off.</summary>
    public Connection? Accept(Listener listener)
    {
        using (Enter(listener))
        {
            if (_sockets.TryAccept(listener, out Connection? client))
                return client;
        }

        if (listener.IsBackingOff)
            Stop.WaitHandle.WaitOne(listener.BackoffLeft);

        return null;
    }

    /// <summary>From now on this thread may sleep in a call on this socket. Dispose of the registration before the socket is closed.</summary>
    public Registration Enter(EventSource socket)
    {
        Registration registration = new(this, socket);
        lock (_gate)
            _registered.Add(registration);

        if (_interrupting)
            registration.Interrupt();

        return registration;
    }

    public void Dispose() => _registration.Dispose();

    private void Interrupt()
    {
        Registration[] registered;
        lock (_gate)
        {
            _interrupting = true;
            registered = [.. _registered];
        }

        foreach (Registration registration in registered)
            registration.Interrupt();
    }

    /// <summary>A signal interrupts a call only if it has a handler. Any function that is harmless in one will do: getpid(2).</summary>
    private static bool InstallHandler()
    {
        if (!OperatingSystem.IsLinux())
            return false;

        nint harmless = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "getpid");
        return Libc.Signal(Libc.SIGURG, harmless) != -1 ? true : throw Errno.Failure("signal");
    }

    /// <summary>One thread that may be asleep in a call on one socket.</summary>
    public sealed class Registration : IDisposable
    {
        private readonly BlockedThreads _threads;
        private readonly EventSource _socket;
        private readonly nint _thread = OperatingSystem.IsLinux() ? Libc.ThreadSelf() : 0;
        private readonly Lock _gate = new();
        private bool _ended;

        internal Registration(BlockedThreads threads, EventSource socket)
        {
            _threads = threads;
            _socket = socket;
        }

        public void Dispose()
        {
            lock (_gate)
                _ended = true;

            // When all are interrupted at once, the list is not read any more; a thousand threads need not queue for its lock.
            if (_threads._interrupting)
                return;

            lock (_threads._gate)
                _threads._registered.Remove(this);
        }

        internal void Interrupt()
        {
            // As long as the registration lasts, its thread is alive and its socket open.
            lock (_gate)
            {
                if (_ended)
                    return;

                _threads._sockets.Kernel.SetBlocking(_socket.Socket, false);
                _threads._sockets.Kernel.Linux?.Interrupt(_thread, Libc.SIGURG);
            }
        }
    }
}
