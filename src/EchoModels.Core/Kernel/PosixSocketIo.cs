using System.Net.Sockets;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <summary>The system calls themselves, by P/Invoke: what the page says is what strace shows.</summary>
/// <remarks>
/// The managed Socket is kept for its life time and its options only. Its own calls would do for non-blocking sockets, but once
/// <c>Socket.Blocking</c> has been false, the runtime never lets the descriptor block again: it emulates blocking with an epoll
/// thread of its own. O_NONBLOCK is therefore set and cleared here, with fcntl(2), and a blocking model really blocks.
/// </remarks>
public sealed class PosixSocketIo : ISocketIo
{
    public Socket? Accept(Socket listener, bool blocking, out SocketError error)
    {
        int flags = Libc.SOCK_CLOEXEC | (blocking ? 0 : Libc.SOCK_NONBLOCK);
        int descriptor = Libc.Accept4(listener.SafeHandle, 0, 0, flags);
        error = Errno.ToSocketError(descriptor);
        return descriptor < 0 ? null : new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error)
    {
        nint count = Libc.Receive(socket.Descriptor, buffer, flags: 0);
        error = Errno.ToSocketError(count);
        return (int)count;
    }

    public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        nint count = Libc.Send(socket.Descriptor, bytes, Libc.MSG_NOSIGNAL);
        error = Errno.ToSocketError(count);
        return (int)count;
    }

    public void SetBlocking(Socket socket, bool blocking)
    {
        int flags = Libc.FileControl(socket.SafeHandle, Libc.F_GETFL, 0);
        int wanted = blocking ? flags & ~Libc.O_NONBLOCK : flags | Libc.O_NONBLOCK;
        if (flags < 0 || Libc.FileControl(socket.SafeHandle, Libc.F_SETFL, wanted) < 0)
            throw Errno.Failure("fcntl");
    }

    public int Unacknowledged(Socket socket)
    {
        // After a reset the bytes are still counted, though nobody will ever acknowledge them.
        Span<byte> state = stackalloc byte[1];
        bool isGone = socket.GetRawSocketOption(Libc.IPPROTO_TCP, Libc.TCP_INFO, state) == 1 && state[0] == Libc.TCP_CLOSE;
        return isGone || Libc.Control(socket.SafeHandle, Libc.SIOCOUTQ, out int bytes) < 0 ? 0 : bytes;
    }
}
