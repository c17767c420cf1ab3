using System.Globalization;

namespace EchoModels.Posix;

/// <summary>How much address space this process may still map, where there is a limit. See RLIMIT_AS in getrlimit(2); the shell's ulimit -v.</summary>
internal static class AddressSpace
{
    /// <summary>What is left to the rest of the process, in bytes: a heap of the C library for a thread takes that much.</summary>
    private const long Reserve = 128 * 1024 * 1024;

    private static readonly long? Limit = ReadLimit();

    /// <summary>Whether a thread with a stack of this size can be started, and nothing else runs out.</summary>
    public static bool HasRoomFor(long stackSize) => Limit is not { } limit || Used() + stackSize + Reserve < limit;

    /// <summary>Null if there is none, or it cannot be read.</summary>
    private static long? ReadLimit()
    {
        const string Row = "Max address space";
        string? row = Lines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal));
        string? soft = row?[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : null;
    }

    /// <summary>The first field of proc_pid_statm(5).</summary>
    private static long Used() =>
        Lines("/proc/self/statm").FirstOrDefault() is { } line ? long.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture) * Environment.SystemPageSize : 0;

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
