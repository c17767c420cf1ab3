using System.Runtime.InteropServices;

namespace EchoModels.Cli.CommandLine;

/// <summary>Checks, before anything else runs, that enough descriptors are free.</summary>
/// <remarks>
/// The runtime keeps two descriptors open for every assembly that it loads, and ends with a stack trace if it gets none. So this
/// page loads nothing: it makes three calls of the C library, declared here, and writes one line of bytes. It need not raise the
/// limit, as the runtime has done so already.
/// </remarks>
internal static unsafe partial class DescriptorCheck
{
    /// <summary>A server opens some 60 more, leaves 32 to the runtime, and needs some for clients.</summary>
    private const int Needed = 100;

    private const int RLIMIT_NOFILE = 7;
    private const int F_GETFD = 1;

    /// <summary>Writes an error to stderr if too few are free.</summary>
    public static bool Passes()
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
        ulong* limit = stackalloc ulong[2]; // struct rlimit: the soft limit and the hard limit
        if (GetLimit(RLIMIT_NOFILE, limit) < 0)
            return Needed;

        int free = 0;
        for (int number = 0; (ulong)number < limit[0] && free < Needed; number++)
            free += FileControl(number, F_GETFD) < 0 ? 1 : 0;

        return free;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int FileControl(int file, int command);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int file, byte* bytes, nint count);
}
