using System.Runtime.InteropServices;

namespace EchoModels.Cli.CommandLine;

/// <summary>What is done about descriptors before anything else runs: standard streams, the limit, and whether enough are free.</summary>
/// <remarks>
/// The runtime keeps two descriptors open for every assembly that it loads, and ends with a stack trace if it gets none. So this
/// page loads nothing: it makes five calls of the C library, declared here, and writes one line of bytes. All of it is for Linux.
/// </remarks>
internal static unsafe partial class Descriptors
{
    /// <summary>A server opens some 60 more, leaves 32 to the runtime, and needs some for clients.</summary>
    private const int Needed = 100;

    private const int RLIMIT_NOFILE = 7;
    private const int F_GETFD = 1;
    private const int FD_CLOEXEC = 1;
    private const int O_RDWR = 2;

    /// <summary>Opens /dev/null in place of each standard stream that is closed, or the next socket would be taken for it.</summary>
    public static void OpenStandardStreams()
    {
        if (!OperatingSystem.IsLinux())
            return;

        fixed (byte* path = "/dev/null\0"u8)
        {
            for (int stream = 0; stream <= 2; stream++)
            {
                if (FileControl(stream, F_GETFD) < 0)
                    _ = Open(path, O_RDWR); // the lowest free number is this one
            }
        }
    }

    /// <summary>Whether a standard stream was open at the start. If not, the runtime may have opened a file of its own under the number.</summary>
    /// <remarks>What exec(2) has left open does not have FD_CLOEXEC, and what the runtime opens has.</remarks>
    public static bool IsInherited(int stream) => (FileControl(stream, F_GETFD) & FD_CLOEXEC) == 0;

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

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int FileControl(int file, int command);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int file, byte* bytes, nint count);
}
