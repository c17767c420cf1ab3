using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Processes;

/// <summary>What the kernel has counted on a connection, whichever process made the calls. See TCP_INFO in tcp(7).</summary>
/// <remarks>
/// The kernel counts in sequence numbers, of which the end of a stream (FIN) takes one, as if it were a byte; the beginning (SYN) is not
/// counted on an accepted connection. What has arrived is counted before it is received, and what was sent again is counted again. All of
/// that is subtracted here, so that the numbers are those of recv(2) and send(2). Since Linux 4.19.
/// </remarks>
internal static class TcpInfo
{
    /// <summary>Counts on a connection that another process may be using at this moment: perhaps a little too few, never too many.</summary>
    /// <returns>Null if it is not known before the end: the connection was reset, or the kernel is too old.</returns>
    public static ByteCount? SoFar(LinuxKernel kernel, ChildConnection child)
    {
        if (kernel.ReadTcpInfo(child.Socket) is not { } info || info.State == Libc.TCP_CLOSE)
            return null;

        return Count(child, in info, kernel.Available(child.Socket), HasEnded(info.State));
    }

    /// <summary>Counts on a connection that no other process uses any more. To be asked once: after a reset, what is unread is thrown away.</summary>
    public static ByteCount? AtTheEnd(LinuxKernel kernel, ChildConnection child)
    {
        // Bytes may still be arriving, between the one call and the other.
        int unread;
        TcpInfoFields? info;
        do
        {
            unread = kernel.Available(child.Socket);
            info = kernel.ReadTcpInfo(child.Socket);
        }
        while (kernel.Available(child.Socket) != unread);

        if (info is not { } known)
            return null;

        // After a reset the state does not tell any more. Behind the last byte, TCP_INQ says 1 for the end of the stream, and 0 for a
        // reset: see tcp_inq_hint() of Linux.
        bool hasEnded = known.State == Libc.TCP_CLOSE ? kernel.LeavesMoreBehind(child.Socket, unread) : HasEnded(known.State);
        return Count(child, in known, unread, hasEnded);
    }

    /// <summary>Bytes sent until now on a connection whose stream has not been ended.</summary>
    public static long Sent(LinuxKernel kernel, SocketHandle socket) =>
        kernel.ReadTcpInfo(socket) is { } info ? Sent(in info, hasShutdownSend: false) : 0;

    private static ByteCount Count(ChildConnection child, in TcpInfoFields info, int unread, bool hasEnded) =>
        new((long)info.BytesReceived - unread - (hasEnded ? 1 : 0), Sent(in info, child.HasShutdownSend));

    private static long Sent(in TcpInfoFields info, bool hasShutdownSend)
    {
        // The server's own end of the stream is the last thing in the queue, as one byte; once sent, it is not counted.
        long queued = info.NotSentBytes - (hasShutdownSend && info.NotSentBytes > 0 ? 1 : 0);
        return (long)info.BytesSent - (long)info.BytesRetransmitted + queued;
    }

    /// <summary>Whether the peer's end of stream has come.</summary>
    private static bool HasEnded(byte state) => state is Libc.TCP_CLOSE_WAIT or Libc.TCP_LAST_ACK or Libc.TCP_CLOSING;
}
