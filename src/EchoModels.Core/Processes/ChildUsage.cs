using System.Globalization;
using EchoModels.Posix;

namespace EchoModels.Processes;

/// <summary>What child processes have used.</summary>
/// <param name="Count">How many live.</param>
/// <param name="CpuUserSeconds">Processor time in their own code, of the living and of those that have ended, seconds.</param>
/// <param name="CpuSystemSeconds">Processor time in the kernel on their behalf, likewise.</param>
/// <param name="RssBytes">Memory resident, of the living, bytes; pages that they share are counted for each.</param>
public sealed record ChildUsage(int Count, double CpuUserSeconds, double CpuSystemSeconds, long RssBytes)
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on every Linux that .NET runs on

    public static ChildUsage None { get; } = new(0, 0, 0, 0);

    /// <summary>What a process that has ended has used. See wait4(2).</summary>
    internal static ChildUsage Of(in ResourceUsage usage) => new(0, Seconds(usage.UserTime), Seconds(usage.SystemTime), 0);

    /// <summary>What a living process has used. See proc_pid_stat(5), and proc_pid_statm(5): the memory in stat is not exact.</summary>
    internal static ChildUsage Of(int process)
    {
        try
        {
            // Counted from behind the program's name, which may hold anything: utime and stime are the fields 14 and 15.
            string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string residentPages = File.ReadAllText($"/proc/{process}/statm").Split(' ')[1];
            return new ChildUsage(1, Number(fields[11]) / TicksPerSecond, Number(fields[12]) / TicksPerSecond, Number(residentPages) * Environment.SystemPageSize);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return None;
        }
    }

    internal ChildUsage Plus(ChildUsage other) => new(
        Count + other.Count, CpuUserSeconds + other.CpuUserSeconds, CpuSystemSeconds + other.CpuSystemSeconds, RssBytes + other.RssBytes);

    private static long Number(string field) => long.Parse(field, CultureInfo.InvariantCulture);

    private static double Seconds(TimeValue time) => time.Seconds + (time.Microseconds / 1e6);
}
