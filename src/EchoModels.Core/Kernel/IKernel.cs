using System.Net;
using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>The one place where calls to the operating system are made on a model's behalf.</summary>
/// <remarks>
/// Every call returns "not now" as a value and never as an exception. On success <c>error</c> is <see cref="SocketError.Success"/>;
/// <see cref="SocketError.WouldBlock"/> is EAGAIN, <see cref="SocketError.Interrupted"/> EINTR; every other error ends the connection.
/// The implementations: <see cref="LinuxKernel"/> makes system calls by number, <see cref="RuntimeKernel"/> uses System.Net.Sockets.
/// Each reports every call once to its <see cref="Observer"/>.
/// </remarks>
public interface IKernel : IDisposable
{
    /// <summary>Is told of each call.</summary>
    ICallObserver Observer { get; }

    /// <summary>The clock for back-off and time limits.</summary>
    TimeProvider Clock { get; }

    /// <summary>What only Linux has: epoll, io_uring, signals from sockets. Null on other systems.</summary>
    LinuxKernel? Linux { get; }

    /// <summary>The Socket objects of its numbers, for what only the runtime has. Null where it has none, as in a simulation.</summary>
    SocketObjects? Objects { get; }

    /// <summary>Opens a TCP socket that listens. See socket(2), bind(2), listen(2).</summary>
    /// <param name="endPoint">The address and port; port 0 lets the kernel choose.</param>
    /// <param name="backlog">How many completed connections may wait for accept; the kernel caps it at net.core.somaxconn.</param>
    /// <param name="bound">Where it listens.</param>
    /// <exception cref="SocketException">The address is in use, is not ours, or may not be bound.</exception>
    int Listen(IPEndPoint endPoint, int backlog, out IPEndPoint bound);

    /// <summary>Begins a connection without waiting for it: the socket is non-blocking, and writable when the handshake is over.</summary>
    /// <returns>The number; -1 if it failed at once. See EINPROGRESS in connect(2).</returns>
    int Connect(IPEndPoint server, out SocketError error);

    /// <summary>Takes one connection out of the listener's backlog. See accept4(2).</summary>
    /// <param name="listener">The listening socket.</param>
    /// <param name="blocking">Whether calls on the new socket sleep.</param>
    /// <param name="error">Why there is none.</param>
    /// <returns>The new socket's number; -1 if there is none.</returns>
    int Accept(SocketHandle listener, bool blocking, out SocketError error);

    /// <summary>Receives what is there, up to the buffer's length; 0 with success is the end of the stream. See recv(2).</summary>
    int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error);

    /// <summary>Sends as much as the kernel takes, which may be less than all; the count is always the true one. See send(2).</summary>
    int Send(SocketHandle socket, ReadOnlySpan<byte> bytes, out SocketError error);

    /// <summary>Makes calls on the socket sleep until they can do something, or return at once with "not now". See O_NONBLOCK in fcntl(2).</summary>
    /// <remarks>A call that is asleep already does not notice.</remarks>
    void SetBlocking(SocketHandle socket, bool blocking);

    /// <summary>Ends one direction of the stream, or both. See shutdown(2).</summary>
    void Shutdown(SocketHandle socket, SocketShutdown how);

    /// <summary>Closes the socket; its number may be another's from now on. See close(2).</summary>
    void Close(SocketHandle socket);

    /// <summary>Bytes that have arrived and are unread. See FIONREAD in tcp(7).</summary>
    int Available(SocketHandle socket);

    /// <summary>Bytes handed to the kernel that the peer has not acknowledged. See SIOCOUTQ in tcp(7). 0 where the system does not tell.</summary>
    int Unacknowledged(SocketHandle socket);

    /// <summary>Whether the peer has ended its stream, or reset it, and no byte that was sent to it is still under way.</summary>
    /// <remarks>A peer that has ended its stream and still receives has not left.</remarks>
    bool HasPeerLeft(SocketHandle socket);

    /// <summary>Connections that wait to be accepted. See TCP_INFO in tcp(7). 0 where the system does not tell.</summary>
    int BacklogLength(SocketHandle listener);

    /// <summary>The pending error of the socket, which is then cleared. See SO_ERROR in socket(7).</summary>
    SocketError PendingError(SocketHandle socket);

    /// <summary>The peer's address; null if it has gone already. See getpeername(2).</summary>
    IPEndPoint? PeerOf(SocketHandle socket);

    /// <summary>Whether there are descriptors to spare beyond those left to the runtime: see <see cref="DescriptorLimit"/>.</summary>
    /// <param name="latest">The number given last: as long as it is far from the limit, no call is made.</param>
    /// <param name="open">Any open socket, to ask with.</param>
    bool HasDescriptors(int latest, SocketHandle open);

    /// <summary>Opens a datagram socket on loopback that is connected to itself, for a waker.</summary>
    /// <exception cref="IOException">The kernel gives none.</exception>
    int OpenDatagramToItself();

    /// <summary>Opens a selector.</summary>
    /// <exception cref="IOException">It is refused.</exception>
    ISelector OpenSelector(SelectorRow row);
}
