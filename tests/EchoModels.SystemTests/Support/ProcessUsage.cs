using System.Globalization;

namespace EchoModels.SystemTests.Support;

/// <summary>What a process uses, as /proc shows it.</summary>
internal static class ProcessUsage
{
    /// <summary>Ticks per second in /proc, on every Linux that runs .NET. See sysconf(3), _SC_CLK_TCK.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>
    /// Waits until a process uses no more than a share of one core, in per cent. A process that polls, or is woken for nothing, never
    /// does. The runtime's compiler, whose work may be delayed on a busy machine, may need its time first.
    /// </summary>
    public static void AwaitShare(int process, double most) =>
        Limit.Until(() => Share(process) <= most, $"it uses {most} % of a core at the most");

    /// <summary>The threads of a process whose names begin like this.</summary>
    public static IEnumerable<string> Threads(int process, string name) =>
        Directory.GetDirectories($"/proc/{process}/task").Where(thread => NameOf(thread).StartsWith(name, StringComparison.Ordinal));

    /// <summary>The share of one core, in per cent, that a process uses over a period.</summary>
    private static double Share(int process)
    {
        const int Period = 500;
        double before = CpuSeconds(process);
        Thread.Sleep(Period);
        return 100_000 * (CpuSeconds(process) - before) / Period;
    }

    private static string NameOf(string thread)
    {
        try
        {
            return File.ReadAllText($"{thread}/comm");
        }
        catch (IOException)
        {
            return ""; // it has ended
        }
    }

    /// <summary>Processor time, user and system, in seconds: fields 14 and 15 of proc_pid_stat(5).</summary>
    public static double CpuSeconds(int process)
    {
        string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
    }

    /// <summary>A field of /proc/PID/status.</summary>
    public static string Field(int process, string name) =>
        File.ReadAllLines($"/proc/{process}/status").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
