using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.Processes;

/// <summary>What the kernel has counted on a connection, whichever process made the calls. See TCP_INFO in tcp(7).</summary>
/// <remarks>
/// The kernel counts in sequence numbers, of which the end of a stream (FIN) takes one, as if it were a byte; the beginning (SYN)
/// is not counted on an accepted connection. What has arrived is counted before anybody receives it, and what was sent again is
/// counted again. All of that is taken off here, so that the numbers are those of recv(2) and send(2). Since Linux 4.19.
/// </remarks>
internal static class TcpInfo
{
    /// <summary>Counts on a connection that another process may be using at this moment: perhaps a little too few, never too many.</summary>
    /// <returns>Null if there is no telling before the end: it has been reset, or the kernel is too old.</returns>
    public static ByteCount? SoFar(Connection connection)
    {
        if (Read(connection.Socket) is not { } info || info.State == Libc.TCP_CLOSE)
            return null;

        return Count(connection, in info, connection.Socket.Available, HasEnded(info.State));
    }

    /// <summary>Counts on a connection that no other process uses any more. To be asked once: after a reset, what is unread is thrown away.</summary>
    public static ByteCount? AtTheEnd(Connection connection)
    {
        // Bytes may still be arriving, between the one call and the other.
        int unread;
        TcpInfoFields? info;
        do
        {
            unread = connection.Socket.Available;
            info = Read(connection.Socket);
        }
        while (connection.Socket.Available != unread);

        return info is { } known
            ? Count(connection, in known, unread, known.State == Libc.TCP_CLOSE ? HadEnded(connection.Socket, unread) : HasEnded(known.State))
            : null;
    }

    /// <summary>Bytes sent until now.</summary>
    public static long Sent(Connection connection) => Read(connection.Socket) is { } info ? Sent(connection, in info) : 0;

    private static ByteCount Count(Connection connection, in TcpInfoFields info, int unread, bool hasEnded) =>
        new((long)info.BytesReceived - unread - (hasEnded ? 1 : 0), Sent(connection, in info));

    private static long Sent(Connection connection, in TcpInfoFields info)
    {
        // Our own end of the stream is the last thing in the queue, as one byte; once sent, it is not counted.
        long queued = info.NotSentBytes - (connection.HasShutdownSend && info.NotSentBytes > 0 ? 1 : 0);
        return (long)info.BytesSent - (long)info.BytesRetransmitted + queued;
    }

    private static TcpInfoFields? Read(Socket socket)
    {
        TcpInfoFields info = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<TcpInfoFields>(ref info));
        return socket.GetRawSocketOption(Libc.IPPROTO_TCP, Libc.TCP_INFO, bytes) == bytes.Length ? info : null;
    }

    /// <summary>Whether the peer's end of stream has come.</summary>
    private static bool HasEnded(byte state) => state is Libc.TCP_CLOSE_WAIT or Libc.TCP_LAST_ACK or Libc.TCP_CLOSING;

    /// <summary>The same after a reset, when the state does not tell any more: a receive is told whether another one would find something.</summary>
    /// <remarks>See tcp_inq_hint() of Linux: behind the last byte it says 1 for the end of the stream, and 0 for a reset.</remarks>
    private static unsafe bool HadEnded(Socket socket, int unread)
    {
        socket.SetRawSocketOption(Libc.IPPROTO_TCP, Libc.TCP_INQ, BitConverter.GetBytes(1));
        nint* nowhere = stackalloc nint[] { 0, unread }; // struct iovec: with MSG_TRUNC the bytes are not copied
        int* control = stackalloc int[8]; // struct cmsghdr is 16 bytes, and its value follows
        MessageHeader message = new() { Vectors = nowhere, VectorCount = 1, Control = control, ControlLength = 8 * sizeof(int) };
        nint received = Libc.ReceiveMessage(socket.SafeHandle, ref message, Libc.MSG_TRUNC | Libc.MSG_DONTWAIT);
        return received >= 0 && message.ControlLength > 0 && control[4] > 0;
    }
}
