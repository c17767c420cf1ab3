using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>The system calls that a model makes on sockets, each returning "not now" as a value and never as an exception.</summary>
/// <remarks>
/// The seam for everything that is not the lesson: counting, fault injection and portability are decorators or versions of this
/// interface. On success <c>error</c> is <see cref="SocketError.Success"/>. <see cref="SocketError.WouldBlock"/> means "later"
/// (EAGAIN), <see cref="SocketError.Interrupted"/> "ask again" (EINTR); every other error ends the connection.
/// </remarks>
public interface ISocketIo
{
    /// <summary>Takes one connection out of the listener's backlog. See accept4(2).</summary>
    /// <param name="listener">The listening socket.</param>
    /// <param name="blocking">Whether the new socket shall block.</param>
    /// <param name="error">Why there is none.</param>
    Socket? Accept(Socket listener, bool blocking, out SocketError error);

    /// <summary>Receives what is there, up to the buffer's length; 0 with success is the end of the stream. See recv(2).</summary>
    int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error);

    /// <summary>Sends as much as the kernel takes, which may be less than all; the count is always the true one. See send(2).</summary>
    int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error);

    /// <summary>Makes calls on the socket sleep until they can do something, or return at once with "not now".</summary>
    /// <remarks>A call that is asleep already does not notice: see <see cref="Threading.BlockedThreads"/>.</remarks>
    void SetBlocking(Socket socket, bool blocking);

    /// <summary>Bytes handed to the kernel that the peer has not acknowledged. See SIOCOUTQ in tcp(7). 0 where nobody can tell.</summary>
    int Unacknowledged(Socket socket);
}
