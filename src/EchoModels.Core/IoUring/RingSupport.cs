using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>Finds out by real calls what the kernel supports: its version tells little, as many sandboxes refuse io_uring.</summary>
internal static class RingSupport
{
    private static readonly RingSettings Tiny = new() { Submissions = 4, Completions = 8, Buffers = 2 };
    private static readonly Lock Gate = new();
    private static bool? _limitedMultishot;

    /// <summary>Whether one request can receive many times up to a limit of bytes (Linux 6.17); false where there is no ring.</summary>
    /// <param name="kernel">Makes the calls of finding out, the first time.</param>
    public static bool HasLimitedMultishot(LinuxKernel kernel)
    {
        lock (Gate)
            return _limitedMultishot ??= TryLimitedMultishot(kernel);
    }

    /// <summary>Why a ring with buffers cannot be made, or cannot be entered; null if it can.</summary>
    public static string? UnavailableReason()
    {
        if (!OperatingSystem.IsLinux())
            return "needs Linux's io_uring(7)";

        try
        {
            using Ring ring = new(Tiny, new LinuxKernel(new CallCounters()), Reply.Echo);
            CancelAll(ring);
            return null;
        }
        catch (IOException refusal)
        {
            return refusal.Message;
        }
    }

    /// <summary>The kernel's refusal, and its most likely cause.</summary>
    public static IOException Refusal(string call)
    {
        int errno = Marshal.GetLastPInvokeError();
        string reason = errno switch
        {
            Errno.ENOSYS => "; this kernel has no io_uring, or a sandbox hides it",
            Errno.EPERM => "; a sandbox or the sysctl kernel.io_uring_disabled forbids it",
            Errno.EINVAL => "; Linux 5.19 or later is needed",
            Errno.ENOMEM => "; the limit of locked memory may be too low (ulimit -l)",
            _ => "",
        };
        return new IOException(Errno.Failure(call, errno).Message + reason, errno);
    }

    /// <summary>Requests one on the ring's own waker. A kernel that does not know the limit refuses it (EINVAL).</summary>
    private static bool TryLimitedMultishot(LinuxKernel kernel)
    {
        try
        {
            using Ring ring = new(Tiny, kernel, Reply.Echo);
            UringRequests.Receive(ref ring.Next(RequestKind.Receive, Token.Waker), ring.Waker.Number, limit: 1);
            ring.Enter(atLeast: 0);
            bool refused = ring.TryReap(out Completion completion) && completion.Result < 0;
            CancelAll(ring);
            return !refused;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void CancelAll(Ring ring)
    {
        while (ring.InFlight > 0)
        {
            ring.Cancel(RequestKind.Receive, Token.Waker);
            ring.Cancel(RequestKind.Wake, Token.Waker);
            ring.Enter(atLeast: 1);
            while (ring.TryReap(out _))
                continue;
        }
    }
}
