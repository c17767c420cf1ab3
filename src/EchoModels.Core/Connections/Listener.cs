using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Connections;

/// <summary>A listening socket: the kernel completes connections into its backlog, and accept takes them out.</summary>
public sealed class Listener : EventSource
{
    /// <summary>How long a listener is left alone after an accept found no descriptor free, in milliseconds.</summary>
    /// <remarks>
    /// A failed accept leaves the client in the backlog and the listener readable: without a rest, a reactor would spin through
    /// hundreds of thousands of failing accepts a second. Clients wait in the backlog meanwhile; none is turned away.
    /// </remarks>
    public const int BackoffMilliseconds = 200;

    private long _backoffUntil;

    private Listener(Socket socket) : base(socket) => EndPoint = (IPEndPoint)socket.LocalEndPoint!;

    /// <summary>Where it listens; with the port the kernel chose when port 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Reading means accepting; a resting listener wants nothing.</summary>
    public override Interest Interest => IsBackingOff ? Interest.None : Interest.Read;

    public bool IsBackingOff => _backoffUntil != 0 && Environment.TickCount64 < _backoffUntil;

    /// <summary>Milliseconds until it may be asked again; 0 when it is not resting.</summary>
    public int BackoffLeft => _backoffUntil == 0 ? 0 : (int)Math.Max(0, _backoffUntil - Environment.TickCount64);

    /// <summary>How many clients wait in the backlog now; 0 where the system does not tell. See TCP_INFO in tcp(7).</summary>
    public int Queued
    {
        get
        {
            Span<byte> info = stackalloc byte[28];
            if (!OperatingSystem.IsLinux() || Socket.GetRawSocketOption(Libc.IPPROTO_TCP, Libc.TCP_INFO, info) < info.Length)
                return 0;

            // For a listener, Linux puts the length of the accept queue in tcpi_unacked.
            return BinaryPrimitives.ReadInt32LittleEndian(info[24..]);
        }
    }

    /// <summary>Opens, binds and listens.</summary>
    /// <param name="endPoint">The address and port; port 0 lets the kernel choose.</param>
    /// <param name="backlog">How many completed connections may wait for accept; the kernel caps it at net.core.somaxconn. See listen(2).</param>
    /// <exception cref="SocketException">The address is in use, is not ours, or may not be bound.</exception>
    public static Listener Open(IPEndPoint endPoint, int backlog)
    {
        RuntimeSockets.Demand();
        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;

            // A server that restarts must not wait for its old connections' TIME_WAIT: Bind sees to that (SO_REUSEADDR). The option
            // ReuseAddress would set SO_REUSEPORT as well, and let two servers share one port without either of them knowing.
            // Set here, inherited by every accepted socket: no Nagle (an echo must not wait for the peer's delayed ACK),
            // and urgent data stays in the stream (RFC 6093), so that it is echoed like every other byte.
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);

            socket.Bind(endPoint);
            socket.Listen(backlog);
            return new Listener(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Leaves it alone for <see cref="BackoffMilliseconds"/>.</summary>
    internal void Rest() => _backoffUntil = Environment.TickCount64 + BackoffMilliseconds;

    internal void EndBackoff() => _backoffUntil = 0;
}
