using System.Globalization;

namespace EchoModels.Kernel;

/// <summary>How many descriptors this process may have open. See RLIMIT_NOFILE in getrlimit(2).</summary>
/// <remarks>
/// The runtime must never reach the limit: it starts threads and loads code when it sees fit, needs descriptors for both, and ends with
/// an OutOfMemoryException if there are none. So some are left to it.
/// </remarks>
public static class DescriptorLimit
{
    /// <summary>Descriptors that are left to the runtime.</summary>
    public const int Headroom = 32;

    /// <summary>Of those, what a model may take to begin to serve where connections have taken all others.</summary>
    private const int ForSwitches = Headroom / 2;

    private const string Table = "/proc/self/limits";
    private const string Row = "Max open files";

    /// <summary>The limit; int.MaxValue where it cannot be read, or there is none.</summary>
    public static int Current { get; } = Read();

    /// <summary>Whether so many sockets, and whatever else is open, are far from the limit.</summary>
    internal static bool Allows(int sockets) => sockets < Current - (4 * Headroom);

    /// <summary>Whether a descriptor with this number leaves the runtime enough: the kernel gives the lowest that is free.</summary>
    internal static bool LeavesEnough(int number) => number < Current - ForSwitches;

    private static int Read()
    {
        string? row = File.Exists(Table) ? File.ReadLines(Table).FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal)) : null;
        string? soft = row?[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue;
    }
}
