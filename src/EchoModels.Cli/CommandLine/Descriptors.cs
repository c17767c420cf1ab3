using System.Runtime.InteropServices;

namespace EchoModels.Cli.CommandLine;

/// <summary>What is done about descriptors before anything else runs: the limit is raised, and it is checked whether enough are free.</summary>
/// <remarks>
/// The runtime keeps two descriptors open for every assembly that it loads, and ends with a stack trace if it gets none. So this
/// page loads nothing: it makes four calls of the C library, declared here, and writes one line of bytes. All of it is for Linux.
/// </remarks>
internal static unsafe partial class Descriptors
{
    /// <summary>A server opens some 60 more, leaves 32 to the runtime, and needs some for clients.</summary>
    private const int Needed = 100;

    private const int RLIMIT_NOFILE = 7;
    private const int F_GETFD = 1;

    /// <summary>Raises the soft limit to the hard limit, as the runtime does itself, but not in a native executable. See getrlimit(2).</summary>
    public static void RaiseLimit()
    {
        ulong* limit = stackalloc ulong[2]; // struct rlimit: the soft limit and the hard limit
        if (!OperatingSystem.IsLinux() || GetLimit(RLIMIT_NOFILE, limit) < 0 || limit[0] == limit[1])
            return;

        limit[0] = limit[1];
        _ = SetLimit(RLIMIT_NOFILE, limit);
    }

    /// <summary>Whether enough are free; if not, an error is written to stderr.</summary>
    public static bool AreEnough()
    {
        if (!OperatingSystem.IsLinux() || CountFree() >= Needed)
            return true;

        if (FileControl(2, F_GETFD) != 0)
            return false; // closed, or a file of the runtime: see StandardStreams

        ReadOnlySpan<byte> error = "echomodels: fewer than 100 file descriptors are free; allow it more (ulimit -n)\n"u8;
        fixed (byte* bytes = error)
            _ = Write(2, bytes, error.Length);

        return false;
    }

    /// <summary>Counts the unused numbers below the limit, up to the number needed.</summary>
    private static int CountFree()
    {
        ulong* limit = stackalloc ulong[2];
        if (GetLimit(RLIMIT_NOFILE, limit) < 0)
            return Needed;

        int free = 0;
        for (int number = 0; (ulong)number < limit[0] && free < Needed; number++)
            free += FileControl(number, F_GETFD) < 0 ? 1 : 0;

        return free;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int FileControl(int file, int command);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int file, byte* bytes, nint count);
}
