using System.Globalization;

namespace EchoModels.SystemTests.Support;

/// <summary>A process as /proc shows it.</summary>
internal static class Processor
{
    /// <summary>Ticks a second in /proc, on every Linux that runs .NET. See sysconf(3), _SC_CLK_TCK.</summary>
    private const double TicksASecond = 100;

    /// <summary>The share of one core, in per cent, that a process uses over a time.</summary>
    private static double Share(int process, TimeSpan time)
    {
        long begin = Environment.TickCount64;
        double before = Seconds(process);
        Thread.Sleep(time);
        return 100_000 * (Seconds(process) - before) / (Environment.TickCount64 - begin);
    }

    /// <summary>
    /// Demands that a process comes to use less than a share of one core, in per cent: whoever polls, or is woken in vain, never
    /// does. On a busy machine the runtime's compiler, whose work is put off for long, may first have something to do.
    /// </summary>
    public static void AwaitShare(int process, double most) =>
        Timing.Eventually(() => Share(process, TimeSpan.FromSeconds(2)) <= most, $"it uses {most} % of a core at the most");

    /// <summary>Processor time, user and system, in seconds: fields 14 and 15 of proc_pid_stat(5).</summary>
    public static double Seconds(int process)
    {
        string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (Number(fields[11]) + Number(fields[12])) / TicksASecond;
    }

    /// <summary>A field of /proc/PID/status.</summary>
    public static string Field(int process, string name) =>
        File.ReadAllLines($"/proc/{process}/status").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
