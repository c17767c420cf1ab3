using System.Diagnostics;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Processes;

/// <summary>Tries a child command out on a conversation that ends at once, before it gets any client.</summary>
/// <remarks>
/// A connection that has gone to a child does not come back. A program that is missing, or ends as soon as it starts, is found out before:
/// then the model cannot start, and the one before it serves on.
/// </remarks>
internal static class ChildProbe
{
    /// <summary>How long a child may take to end after its input has ended, in milliseconds.</summary>
    private const int Timeout = 10_000;

    /// <summary>Starts the program on a socket whose other end is closed, and waits until it has ended.</summary>
    /// <exception cref="IOException">It cannot be run, or it did not end with exit code 0.</exception>
    public static void Run(IReadOnlyList<string> command, LinuxKernel kernel)
    {
        NativeProcess.EnableSigchld();
        (SocketHandle ours, SocketHandle its) = Pair();
        int child;
        IOException? shortage;
        try
        {
            child = kernel.Spawn(command, its, out shortage);
        }
        finally
        {
            kernel.Close(ours);
            kernel.Close(its);
        }

        if (shortage is not null)
            throw shortage;

        if (WaitForEnd(child) is not 0 and int code)
            throw new IOException($"{command[0]} does not work: tried out, it ended with {Words(code)}");
    }

    private static unsafe (SocketHandle Ours, SocketHandle Its) Pair()
    {
        int* sockets = stackalloc int[2];
        if (Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, sockets) != 0)
            throw Errno.Failure("socketpair");

        return (new SocketHandle(sockets[0]), new SocketHandle(sockets[1]));
    }

    /// <returns>How it ended, as <see cref="NativeProcess.ExitCode"/> tells; 0 as well if something else has waited for it.</returns>
    private static int WaitForEnd(int child)
    {
        long begun = Stopwatch.GetTimestamp();
        int? exitCode;
        for (bool killed = false; !NativeProcess.HasEnded(child, out exitCode, out _); Thread.Sleep(1))
        {
            if (killed || Stopwatch.GetElapsedTime(begun).TotalMilliseconds < Timeout)
                continue;

            killed = true;
            _ = Libc.Kill(child, Libc.SIGKILL);
        }

        return exitCode ?? 0;
    }

    private static string Words(int code) => code > 128 ? $"signal {code - 128}" : $"exit code {code}";
}
