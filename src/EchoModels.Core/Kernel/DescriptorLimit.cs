using System.Globalization;
using System.Net.Sockets;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <summary>How many descriptors this process may have open. See RLIMIT_NOFILE in getrlimit(2).</summary>
/// <remarks>
/// The runtime must never run into it: it starts threads and loads code when it sees fit, needs descriptors for both, and goes down
/// with an OutOfMemoryException of all things if there are none. So some are left to it.
/// </remarks>
public static class DescriptorLimit
{
    /// <summary>Descriptors that are left to the runtime.</summary>
    public const int Headroom = 32;

    private const string Table = "/proc/self/limits";
    private const string Row = "Max open files";

    /// <summary>The limit; int.MaxValue where it cannot be read, or there is none.</summary>
    public static int Current { get; } = Read();

    /// <summary>Whether only the headroom is left.</summary>
    /// <param name="latest">The descriptor given last: as long as it is far from the limit, there is no need to look.</param>
    /// <param name="open">Any open socket, to look with.</param>
    internal static bool IsReached(nint latest, Socket open)
    {
        if (latest < Current - (2 * Headroom))
            return false;

        // The kernel gives the lowest number that is free: a duplicate tells which one that would be.
        int free = Libc.FileControl(open.SafeHandle, Libc.F_DUPFD_CLOEXEC, 0);
        if (free >= 0)
            _ = Libc.Close(free);

        return free < 0 || free >= Current - Headroom;
    }

    /// <summary>Whether so many sockets, and whatever else is open, are far from the limit.</summary>
    internal static bool Allows(int sockets) => sockets < Current - (4 * Headroom);

    private static int Read()
    {
        string? row = File.Exists(Table) ? File.ReadLines(Table).FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal)) : null;
        string? soft = row?[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue;
    }
}
