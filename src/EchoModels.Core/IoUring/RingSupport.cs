using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>Finds out by real calls what the kernel grants: its version tells little, as many a sandbox forbids io_uring.</summary>
internal static class RingSupport
{
    private static readonly RingSettings Tiny = new() { Submissions = 4, Completions = 8, Buffers = 2 };
    private static readonly Lock Gate = new();
    private static bool? _limitedMultishot;

    /// <summary>Whether one request can receive many times up to a limit of bytes (Linux 6.17); false where there is no ring.</summary>
    /// <param name="counters">Where the calls of finding out are counted; the first who asks pays for them.</param>
    public static bool GrantsLimitedMultishot(CallCounters counters)
    {
        lock (Gate)
            return _limitedMultishot ??= TryLimitedMultishot(counters);
    }

    /// <summary>Why a ring with buffers cannot be had, or cannot be entered; null if it can.</summary>
    public static string? UnavailableReason()
    {
        if (!OperatingSystem.IsLinux())
            return "io_uring is Linux's own";

        try
        {
            using Ring ring = new(Tiny, new CallCounters(), Reply.Echo);
            GiveUp(ring);
            return null;
        }
        catch (IOException refusal)
        {
            return refusal.Message;
        }
    }

    /// <summary>The kernel's refusal, and what is most likely behind it.</summary>
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

    /// <summary>Asks for one on the ring's own bell. A kernel that does not know the limit takes it for a mistake (EINVAL).</summary>
    private static bool TryLimitedMultishot(CallCounters counters)
    {
        try
        {
            using Ring ring = new(Tiny, counters, Reply.Echo);
            UringRequests.Receive(ref ring.Next(RequestKind.Receive), (int)ring.Bell.Handle, limit: 1);
            ring.Enter(atLeast: 0);
            bool refused = ring.TryTake(out Completion answer) && answer.Result < 0;
            GiveUp(ring);
            return !refused;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void GiveUp(Ring ring)
    {
        while (ring.InFlight > 0)
        {
            ring.Cancel(RequestKind.Receive);
            ring.Cancel(RequestKind.Bell);
            ring.Enter(atLeast: 1);
            while (ring.TryTake(out _))
            {
                // Nobody is interested any more.
            }
        }
    }
}
