using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <summary>Finds out, before the first socket is made, whether the runtime can have any.</summary>
/// <remarks>
/// With its first socket the runtime starts a thread that waits in an epoll. Where a sandbox forbids it to make that epoll, it
/// throws; where it forbids the wait, the runtime ends the process at once. So here the same is thrown for both.
/// </remarks>
internal static class RuntimeSockets
{
    private static readonly Lazy<int> Refusal = new(AskToWait);

    /// <summary>Returns if there can be sockets.</summary>
    /// <exception cref="TypeInitializationException">There can be none.</exception>
    public static void Demand()
    {
        if (Refusal.Value != 0)
            throw new TypeInitializationException("System.Net.Sockets.SocketAsyncEngine", Errno.Failure("epoll_wait", Refusal.Value));
    }

    /// <summary>Why something is refused; a sandbox that forbids the runtime's own epoll forbids every socket.</summary>
    public static string Reason(Exception refusal) => refusal is TypeInitializationException
        ? $"the .NET runtime can have no sockets here, as its own epoll is refused ({refusal.GetBaseException().Message.Split(' ')[^1].Trim('(', ')')})"
        : refusal.Message;

    /// <summary>Waits in no epoll at all: whoever may wait is told that it is none (EBADF).</summary>
    /// <returns>The error that forbids it; 0 for none.</returns>
    private static int AskToWait()
    {
        if (!OperatingSystem.IsLinux())
            return 0;

        using FileDescriptor none = new();
        byte unused = 0;
        _ = Libc.EpollWait(none, ref unused, 1, 0);
        int error = Marshal.GetLastPInvokeError();
        return error == Errno.EBADF ? 0 : error;
    }
}
