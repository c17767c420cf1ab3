using System.Diagnostics;
using System.Net.Sockets;
using EchoModels.Posix;

namespace EchoModels.Processes;

/// <summary>A child for a conversation that ends at once, before any client is given into such hands.</summary>
/// <remarks>
/// A connection that has gone to a child cannot be had back. A program that is missing, or dies as soon as it starts, is to be
/// found out before: then the model cannot start, and the one before it serves on.
/// </remarks>
internal static class ChildProbe
{
    /// <summary>How long a child may take to notice that its input has ended, in milliseconds.</summary>
    private const int Patience = 10_000;

    /// <summary>Starts the program, with nobody at the other end, and waits until it has ended.</summary>
    /// <exception cref="IOException">It cannot be run, or it did not end as it should.</exception>
    public static void Hold(IReadOnlyList<string> command)
    {
        NativeProcess.EnableSigchld();
        (SafeSocketHandle ours, SafeSocketHandle its) = Pair();
        int child;
        IOException? want;
        using (its)
        using (ours)
            child = NativeProcess.Start(command, its, out want);

        if (want is not null)
            throw want;

        if (AwaitEnd(child) is not 0 and int code)
            throw new IOException($"{command[0]} does not work: tried out, it ended with {Words(code)}");
    }

    private static unsafe (SafeSocketHandle Ours, SafeSocketHandle Its) Pair()
    {
        int* sockets = stackalloc int[2];
        if (Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, sockets) != 0)
            throw Errno.Failure("socketpair");

        return (new SafeSocketHandle(sockets[0], ownsHandle: true), new SafeSocketHandle(sockets[1], ownsHandle: true));
    }

    /// <returns>How it ended, as <see cref="NativeProcess.ExitCode"/> tells; 0 as well if somebody else has been told.</returns>
    private static int AwaitEnd(int child)
    {
        long begun = Stopwatch.GetTimestamp();
        int ended;
        int status;
        for (bool killed = false; (ended = Libc.WaitForProcess(child, out status, Libc.WNOHANG)) == 0; Thread.Sleep(1))
        {
            if (killed || Stopwatch.GetElapsedTime(begun).TotalMilliseconds < Patience)
                continue;

            killed = true;
            _ = Libc.Kill(child, Libc.SIGKILL);
        }

        return ended > 0 ? NativeProcess.ExitCode(status) : 0;
    }

    private static string Words(int code) => code > 128 ? $"signal {code - 128}" : $"exit code {code}";
}
