using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <summary>Finds out, before the first Socket object is made, whether the runtime can make any.</summary>
/// <remarks>
/// With its first Socket the runtime starts a thread that waits in an epoll. Where a sandbox refuses to make that epoll, the runtime
/// throws; where it refuses the wait, the runtime ends the process at once.
/// </remarks>
public static class RuntimeSockets
{
    private static readonly Lazy<string?> Reason = new(Ask);

    /// <summary>Why the runtime can make no Socket here; null if it can.</summary>
    public static string? UnavailableReason => Reason.Value;

    /// <summary>Returns if Socket objects can be made.</summary>
    /// <exception cref="IOException">None can be made.</exception>
    public static void Demand()
    {
        if (UnavailableReason is { } reason)
            throw new IOException(reason);
    }

    private static string? Ask()
    {
        if (!OperatingSystem.IsLinux())
            return null;

        using FileDescriptor epoll = new(Libc.EpollCreate(Libc.EPOLL_CLOEXEC));
        if (epoll.IsInvalid)
            return Refused("epoll_create1");

        // To wait in no epoll at all fails with EBADF, if to wait is not refused.
        using FileDescriptor none = new(-1);
        byte unused = 0;
        _ = Libc.EpollWait(none, ref unused, 1, 0);
        return Marshal.GetLastPInvokeError() == Errno.EBADF ? null : Refused("epoll_wait");
    }

    private static string Refused(string call) =>
        $"the .NET runtime can make no sockets here, as its own epoll is refused ({call}: {Errno.Name(Marshal.GetLastPInvokeError())})";
}
