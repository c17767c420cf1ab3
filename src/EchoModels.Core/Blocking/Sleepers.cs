using System.Runtime.InteropServices;
using EchoModels.Posix;
using EchoModels.Sockets;

namespace EchoModels.Blocking;

/// <summary>The threads that may be asleep in a blocking call, and the way to let all of them go at once without losing a byte.</summary>
/// <remarks>
/// Closing a socket under a sleeping recv would reset the peer. Instead each socket gets a timeout of a millisecond, and then its
/// thread a signal: the kernel restarts the interrupted call (SA_RESTART), which reads the timeout anew and returns. A thread
/// that was not asleep yet meets the timeout in its next call. In this order there is no race; and as long as nobody stops, it
/// costs nothing. See signal(7), and SO_RCVTIMEO in socket(7).
/// </remarks>
public sealed class Sleepers : IDisposable
{
    private static readonly Lazy<bool> HandlerInstalled = new(InstallHandler);

    private readonly SocketSet _sockets;
    private readonly CancellationTokenRegistration _registration;
    private readonly Dictionary<WatchedSocket, nint> _seats = [];
    private readonly Lock _gate = new();
    private bool _lettingGo;

    public Sleepers(SocketSet sockets, CancellationToken stop)
    {
        _sockets = sockets;
        _ = HandlerInstalled.Value;
        _registration = stop.Register(LetGo);
    }

    /// <summary>From now on this thread may sleep in a call on this socket. Dispose the seat before the socket is closed.</summary>
    public Seat Enter(WatchedSocket socket)
    {
        lock (_gate)
        {
            _seats.Add(socket, OperatingSystem.IsLinux() ? Libc.ThreadSelf() : 0);
            if (_lettingGo)
                _sockets.Hasten(socket);
        }

        return new Seat(this, socket);
    }

    public void Dispose() => _registration.Dispose();

    private void Leave(WatchedSocket socket)
    {
        lock (_gate)
            _seats.Remove(socket);
    }

    private void LetGo()
    {
        // The lock also keeps each thread alive, and its socket open, until both have been used.
        lock (_gate)
        {
            _lettingGo = true;
            foreach ((WatchedSocket socket, nint thread) in _seats)
            {
                _sockets.Hasten(socket);
                if (OperatingSystem.IsLinux())
                    _ = Libc.ThreadKill(thread, Libc.SIGURG);
            }
        }
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
    public readonly struct Seat(Sleepers sleepers, WatchedSocket socket) : IDisposable
    {
        public void Dispose() => sleepers.Leave(socket);
    }
}
