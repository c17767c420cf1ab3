using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>The one place where an errno gets a meaning. Numbers as on Linux, see errno(3).</summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int ENODEV = 19;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EPIPE = 32;
    public const int ENOSYS = 38;
    public const int ETIME = 62;
    public const int ENONET = 64;
    public const int EPROTO = 71;
    public const int ENOPROTOOPT = 92;
    public const int EOPNOTSUPP = 95;
    public const int EAFNOSUPPORT = 97;
    public const int EADDRINUSE = 98;
    public const int EADDRNOTAVAIL = 99;
    public const int ENETDOWN = 100;
    public const int ENETUNREACH = 101;
    public const int ECONNABORTED = 103;
    public const int ECONNRESET = 104;
    public const int ENOBUFS = 105;
    public const int ENOTCONN = 107;
    public const int ETIMEDOUT = 110;
    public const int ECONNREFUSED = 111;
    public const int EHOSTDOWN = 112;
    public const int EHOSTUNREACH = 113;
    public const int EALREADY = 114;
    public const int EINPROGRESS = 115;
    public const int ECANCELED = 125;

    /// <summary>What an errno means that came by another way: io_uring returns it as a negative result.</summary>
    public static SocketError Meaning(int errno) => errno switch
    {
        EAGAIN => SocketError.WouldBlock,
        EINTR => SocketError.Interrupted,
        ECONNRESET => SocketError.ConnectionReset,
        ECONNABORTED => SocketError.ConnectionAborted,
        ECONNREFUSED => SocketError.ConnectionRefused,
        EPIPE => SocketError.Shutdown,
        ENOTCONN => SocketError.NotConnected,
        EPROTO => SocketError.ProtocolNotSupported,
        ENOPROTOOPT => SocketError.ProtocolOption,
        EOPNOTSUPP => SocketError.OperationNotSupported,
        EINPROGRESS => SocketError.InProgress,
        EADDRINUSE => SocketError.AddressAlreadyInUse,
        EADDRNOTAVAIL or ENODEV => SocketError.AddressNotAvailable,
        EAFNOSUPPORT => SocketError.AddressFamilyNotSupported,
        EACCES or EPERM => SocketError.AccessDenied,
        EINVAL => SocketError.InvalidArgument,
        ENETDOWN => SocketError.NetworkDown,
        ENETUNREACH => SocketError.NetworkUnreachable,
        ENONET or EHOSTUNREACH => SocketError.HostUnreachable,
        EHOSTDOWN => SocketError.HostDown,
        ECANCELED => SocketError.OperationAborted,
        ETIMEDOUT => SocketError.TimedOut,
        EMFILE or ENFILE => SocketError.TooManyOpenSockets,
        ENOBUFS or ENOMEM => SocketError.NoBufferSpaceAvailable,
        _ => SocketError.SocketError,
    };

    /// <summary>Our own fault, not a peer's: names the call that just failed, its errno and the system's text for it.</summary>
    public static IOException Failure(string call) => Failure(call, Marshal.GetLastPInvokeError());

    public static IOException Failure(string call, int errno) =>
        new($"{call}: {Marshal.GetPInvokeErrorMessage(errno)} ({Name(errno)})", errno);

    /// <summary>As the manual pages call it.</summary>
    public static string Name(int errno) => errno switch
    {
        EPERM => nameof(EPERM),
        ENOENT => nameof(ENOENT),
        EAGAIN => nameof(EAGAIN),
        EACCES => nameof(EACCES),
        ENOMEM => nameof(ENOMEM),
        ENFILE => nameof(ENFILE),
        EMFILE => nameof(EMFILE),
        ENOSYS => nameof(ENOSYS),
        EINVAL => nameof(EINVAL),
        ENOBUFS => nameof(ENOBUFS),
        ECONNREFUSED => nameof(ECONNREFUSED),
        EALREADY => nameof(EALREADY),
        EINPROGRESS => nameof(EINPROGRESS),
        _ => $"errno {errno}",
    };
}
