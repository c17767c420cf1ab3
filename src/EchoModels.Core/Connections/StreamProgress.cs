using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <summary>How far the two directions of a connection have come, as the kernel counts them, whichever thread or process makes the calls.</summary>
/// <param name="Arrived">Bytes that have arrived, those included that are unread.</param>
/// <param name="Acknowledged">Changes whenever the peer acknowledges bytes, that is when it, or its kernel, has taken some.</param>
/// <param name="WaitsForServer">Whether the next step is the server's: bytes are unread or unsent, and the peer has taken all that was sent.</param>
internal readonly record struct StreamProgress(long Arrived, long Acknowledged, bool WaitsForServer)
{
    /// <summary>How far it has come until now. The descriptor must not be closed meanwhile.</summary>
    /// <remarks>
    /// Linux counts both directions for good (TCP_INFO in tcp(7)). Elsewhere they are estimated from what was received and what is queued.
    /// A peer that does not read leaves bytes unacknowledged, so that what is unread or unsent behind them does not wait for the server.
    /// </remarks>
    public static StreamProgress Of(Connection connection, IKernel kernel)
    {
        int unread = kernel.Available(connection.Socket);
        int unacknowledged = kernel.Unacknowledged(connection.Socket);
        bool waitsForServer = unacknowledged == 0 && (unread > 0 || connection.HasUnsent);
        return kernel.Linux?.ReadTcpInfo(connection.Socket) is { } info
            ? new StreamProgress((long)info.BytesReceived, (long)info.BytesAcknowledged, waitsForServer)
            : new StreamProgress(connection.BytesIn + unread, -((long)unacknowledged + connection.Unsent.Length), waitsForServer);
    }

    /// <summary>Whether any byte has moved since an earlier time.</summary>
    public bool HasMovedSince(StreamProgress earlier) => (Arrived, Acknowledged) != (earlier.Arrived, earlier.Acknowledged);
}
