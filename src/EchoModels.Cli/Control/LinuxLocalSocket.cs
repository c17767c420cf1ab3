using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Control;

/// <summary>The Unix-domain socket by system calls: it works where the runtime, refused its own epoll, can make no Socket.</summary>
/// <remarks>
/// The socket blocks, and the deadlines are its own time limits: SO_RCVTIMEO for recv, SO_SNDTIMEO for send and connect, see
/// socket(7). A call that runs out of time returns EAGAIN. So no call of the poll family is needed, which a sandbox may refuse too.
/// </remarks>
internal sealed class LinuxLocalSocket : LocalSocket
{
    private readonly FileDescriptor _socket;

    public LinuxLocalSocket() : this(Libc.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0))
    {
        if (_socket.IsInvalid)
            throw Errno.Failure("socket");
    }

    private LinuxLocalSocket(int descriptor) => _socket = new FileDescriptor(descriptor);

    public override void Bind(string path)
    {
        byte[] address = Address(path);
        if (Libc.Bind(_socket, address, (uint)address.Length) < 0)
            throw Errno.Failure($"bind {path}");
    }

    public override void Listen(int backlog)
    {
        if (Libc.Listen(_socket, backlog) < 0)
            throw Errno.Failure("listen");
    }

    public override LocalSocket? Accept()
    {
        int accepted;
        do
            accepted = Libc.Accept4(_socket, 0, 0, Libc.SOCK_CLOEXEC);
        while (accepted < 0 && Marshal.GetLastPInvokeError() is Errno.EINTR or Errno.ECONNABORTED);

        return accepted < 0 ? null : new LinuxLocalSocket(accepted);
    }

    /// <summary>Shuts the listener down: accept4, now and later, returns EINVAL. Closing it would not wake the thread in accept4.</summary>
    public override void StopAccepting() => _ = Libc.Shutdown(_socket, Libc.SHUT_RDWR);

    public override SocketError Connect(string path, Deadline deadline)
    {
        byte[] address = Address(path);
        SocketError error;
        do
            error = SetTimeout(Libc.SO_SNDTIMEO, deadline) ? ErrorOf(Libc.Connect(_socket, address, (uint)address.Length)) : SocketError.TimedOut;
        while (error == SocketError.Interrupted);

        return error;
    }

    public override int Receive(Span<byte> buffer, Deadline deadline, out SocketError error)
    {
        nint count = 0;
        do
        {
            error = SocketError.TimedOut;
            if (SetTimeout(Libc.SO_RCVTIMEO, deadline))
                error = ErrorOf(count = Libc.Receive(_socket, buffer, (nuint)buffer.Length, 0));
        }
        while (error == SocketError.Interrupted);

        return error == SocketError.Success ? (int)count : 0;
    }

    public override SocketError Send(ReadOnlySpan<byte> bytes, Deadline deadline)
    {
        while (bytes.Length > 0)
        {
            if (!SetTimeout(Libc.SO_SNDTIMEO, deadline))
                return SocketError.TimedOut;

            nint count = Libc.Send(_socket, bytes, (nuint)bytes.Length, Libc.MSG_NOSIGNAL);
            SocketError error = ErrorOf(count);
            if (error == SocketError.Success)
                bytes = bytes[(int)count..];
            else if (error != SocketError.Interrupted)
                return error;
        }

        return SocketError.Success;
    }

    public override void Dispose() => _socket.Dispose();

    /// <summary>Gives the calls to come as much time as is left; the kernel takes zero for "no limit".</summary>
    /// <returns>False if no time is left.</returns>
    private bool SetTimeout(int option, Deadline deadline)
    {
        TimeSpan remaining = deadline.Remaining;
        if (remaining == TimeSpan.Zero)
            return false;

        TimeValue limit = remaining == Timeout.InfiniteTimeSpan ? default : TimeValue.From(remaining);
        if (Libc.SetSocketOption(_socket, Libc.SOL_SOCKET, option, in limit, (uint)Marshal.SizeOf<TimeValue>()) < 0)
            throw Errno.Failure("setsockopt");

        return true;
    }

    /// <summary>The error of the call that has just returned this result.</summary>
    private static SocketError ErrorOf(nint result) => result >= 0 ? SocketError.Success : Marshal.GetLastPInvokeError() switch
    {
        Errno.EAGAIN => SocketError.TimedOut,
        Errno.EINTR => SocketError.Interrupted,
        Errno.ENOENT => SocketError.AddressNotAvailable,
        Errno.ECONNREFUSED => SocketError.ConnectionRefused,
        Errno.ECONNRESET or Errno.EPIPE => SocketError.ConnectionReset,
        _ => SocketError.SocketError,
    };

    /// <summary>struct sockaddr_un of &lt;sys/un.h&gt;: the family, and the path with a zero at its end.</summary>
    private static byte[] Address(string path)
    {
        byte[] address = new byte[sizeof(ushort) + Encoding.UTF8.GetByteCount(path) + 1];
        MemoryMarshal.Write(address, (ushort)Libc.AF_UNIX);
        Encoding.UTF8.GetBytes(path, address.AsSpan(sizeof(ushort)));
        return address;
    }
}
