using System.Runtime.InteropServices;

namespace EchoModels.Cli.CommandLine;

/// <summary>The first thing of all: are there descriptors enough to run with?</summary>
/// <remarks>
/// The runtime keeps two open for every assembly that it loads, and where it gets none it ends with a stack trace. So nothing here
/// has to be loaded: three calls of libc, declared on this page, and a line of bytes. There is no limit to be raised, as the
/// runtime has raised it already, as far as it goes.
/// </remarks>
internal static unsafe partial class DescriptorCheck
{
    /// <summary>A server takes some 60 more, leaves 32 to the runtime, and has clients.</summary>
    private const int Needed = 100;

    private const int RLIMIT_NOFILE = 7;
    private const int F_GETFD = 1;

    /// <summary>Complains on stderr if there are too few.</summary>
    public static bool Passes()
    {
        if (!OperatingSystem.IsLinux() || CountFree() >= Needed)
            return true;

        ReadOnlySpan<byte> complaint = "echomodels: fewer than 100 file descriptors are free; allow it more (ulimit -n)\n"u8;
        fixed (byte* bytes = complaint)
            _ = Write(2, bytes, complaint.Length);

        return false;
    }

    /// <summary>Counts the numbers below the limit that nobody uses; not further than the answer is of interest.</summary>
    private static int CountFree()
    {
        ulong* limit = stackalloc ulong[2]; // struct rlimit: the soft one, and the hard one
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
