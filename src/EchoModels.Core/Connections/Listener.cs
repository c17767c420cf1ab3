using System.Net;
using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <summary>A listening socket: the kernel completes connections into its backlog, and accept takes them out.</summary>
public sealed class Listener : EventSource
{
    /// <summary>How long a listener is left alone after an accept found no descriptor free, in milliseconds.</summary>
    /// <remarks>
    /// A failed accept leaves the connection in the backlog and the listener readable: without a back-off, an event loop would spin through
    /// hundreds of thousands of failing accepts a second. Connections wait in the backlog meanwhile; none is turned away.
    /// </remarks>
    public const int BackoffMilliseconds = 200;

    private readonly TimeProvider _clock;
    private long? _backoffStart;

    private Listener(int number, IPEndPoint endPoint, TimeProvider clock)
    {
        Socket = new SocketHandle(number);
        EndPoint = endPoint;
        _clock = clock;
    }

    /// <summary>Where it listens; with the port that the kernel chose when port 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>To read is to accept; a listener that backs off waits for nothing.</summary>
    public override Interest Interest => IsBackingOff ? Interest.None : Interest.Read;

    public bool IsBackingOff => BackoffLeft > 0;

    /// <summary>Milliseconds until it may be asked again; 0 when it does not back off.</summary>
    public int BackoffLeft => _backoffStart is { } start
        ? (int)Math.Ceiling(Math.Max(0, BackoffMilliseconds - _clock.GetElapsedTime(start).TotalMilliseconds))
        : 0;

    /// <summary>Opens, binds and listens.</summary>
    /// <param name="kernel">Makes the calls.</param>
    /// <param name="endPoint">The address and port; port 0 lets the kernel choose.</param>
    /// <param name="backlog">How many completed connections may wait for accept; the kernel caps it at net.core.somaxconn. See listen(2).</param>
    /// <exception cref="SocketException">The address is in use, is not ours, or may not be bound.</exception>
    public static Listener Open(IKernel kernel, IPEndPoint endPoint, int backlog) =>
        new(kernel.Listen(endPoint, backlog, out IPEndPoint bound), bound, kernel.Clock);

    /// <summary>Leaves it alone for <see cref="BackoffMilliseconds"/>.</summary>
    internal void BackOff() => _backoffStart = _clock.GetTimestamp();

    /// <summary>Lets it back off after an accept has failed, unless it failed for a reason that has passed.</summary>
    internal bool BacksOffAfter(SocketError error)
    {
        if (!HasPassed(error))
            BackOff();

        return !HasPassed(error);
    }

    internal void EndBackoff() => _backoffStart = null;

    /// <summary>The call was interrupted or given up, or the error is that of a connection which has gone again. See accept(2).</summary>
    /// <remarks>A client that resets while it is in the backlog is ECONNABORTED by POSIX, ECONNRESET on Windows, and ENOTCONN where its address is asked for.</remarks>
    private static bool HasPassed(SocketError error) => error
        is SocketError.WouldBlock or SocketError.Interrupted or SocketError.OperationAborted or SocketError.ConnectionAborted
        or SocketError.ConnectionReset or SocketError.NotConnected or SocketError.ProtocolNotSupported or SocketError.ProtocolOption
        or SocketError.OperationNotSupported or SocketError.TimedOut or SocketError.NetworkDown or SocketError.NetworkUnreachable
        or SocketError.HostDown or SocketError.HostUnreachable;
}
