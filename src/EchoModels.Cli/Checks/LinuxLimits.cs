using System.Globalization;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Checks;

/// <summary>The limits that Linux sets, read in /proc; see getrlimit(2), proc(5) and cgroups(7).</summary>
internal static class LinuxLimits
{
    /// <summary>Clients that the largest demonstration of the course has connected at once.</summary>
    private const long ManyClients = 9_000;

    /// <summary>Clients that any demonstration has.</summary>
    private const long SomeClients = 1_000;

    /// <summary>What the program has open besides its connections, with what it leaves to the runtime.</summary>
    private const long Others = 200;

    /// <summary>Measured: a thread of the runtime takes four mappings, those of its stack, its signal stack and their guards.</summary>
    private const long MappingsOfThread = 4;

    public static bool IsHere => OperatingSystem.IsLinux() && File.Exists("/proc/self/limits");

    /// <summary>Descriptors: the runtime raises the soft limit to the hard one.</summary>
    public static CheckLine Descriptors()
    {
        long limit = Limit("Max open files", column: 1);
        string finding = $"{InWords(limit)} descriptors";
        return limit < SomeClients + Others ? CheckLine.Fix("descriptors", finding, "allow more: ulimit -Hn 20000 as root, or LimitNOFILE= of the service")
            : limit < ManyClients + Others ? CheckLine.Note("descriptors", $"{finding}, so some {Quantity.Group(limit - Others)} clients", "allow more: ulimit -Hn 20000 as root, or LimitNOFILE= of the service")
            : CheckLine.Ok("descriptors", finding);
    }

    /// <summary>Threads: the least of the user's processes, the kernel's threads, the mappings of a process, and the control group's.</summary>
    public static CheckLine Threads()
    {
        (string Name, long Most)[] limits =
        [
            ("ulimit -u", Limit("Max processes", column: 0)),
            ("kernel.threads-max", Number("/proc/sys/kernel/threads-max")),
            ("vm.max_map_count", Number("/proc/sys/vm/max_map_count") is < long.MaxValue and long mappings ? mappings / MappingsOfThread : long.MaxValue),
            ("pids.max of the control group", ControlGroupLimit()),
        ];
        (string name, long most) = limits.MinBy(limit => limit.Most);
        string finding = $"room for some {InWords(most)} threads or child processes ({name})";
        return most < SomeClients
            ? CheckLine.Note("threads", finding, "threads and process serve no more clients than that; raise the limit")
            : CheckLine.Ok("threads", finding);
    }

    /// <summary>Real-time signals: beyond the limit of the queue, the kernel sends SIGIO instead.</summary>
    public static CheckLine Signals()
    {
        long limit = Limit("Max pending signals", column: 0);
        string[] queued = Field("/proc/self/status", "SigQ:").Split('/');
        string finding = $"the queue of real-time signals has room for {InWords(limit)}{(queued.Length == 2 ? $", {queued[0]} taken" : "")}";
        return limit < SomeClients
            ? CheckLine.Note("signals", finding, "the model signal reads all sockets when the queue is full; allow more: ulimit -i")
            : CheckLine.Ok("signals", finding);
    }

    /// <summary>Whether strace is here, and may attach to a running server.</summary>
    public static CheckLine Tracing()
    {
        bool hasStrace = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, "strace")));
        if (!hasStrace)
            return CheckLine.Note("tracing", "strace is not installed", "apt-get install strace");

        bool isRoot = Environment.IsPrivilegedProcess;
        return (Number("/proc/sys/kernel/yama/ptrace_scope"), isRoot) switch
        {
            (0 or long.MaxValue, _) or (1 or 2, true) => CheckLine.Ok("tracing", "strace -p may attach to a server"),
            (1 or 2, _) => CheckLine.Note("tracing", "strace -p needs root (kernel.yama.ptrace_scope)", "sudo strace -f -p PID, or start it with it: strace -f echomodels serve"),
            _ => CheckLine.Note("tracing", "nothing may be traced (kernel.yama.ptrace_scope is 3)", "it is lowered by a restart only"),
        };
    }

    /// <summary>A number of /proc/self/limits: the soft limit is column 0, the hard one column 1.</summary>
    private static long Limit(string row, int column)
    {
        string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(row, StringComparison.Ordinal));
        string[] columns = line?[row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return columns.Length > column && long.TryParse(columns[column], NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : long.MaxValue;
    }

    /// <summary>The number in a file; long.MaxValue if there is none, or no such file.</summary>
    private static long Number(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : long.MaxValue;

    private static string Field(string path, string name) =>
        File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..].Trim() ?? "";

    /// <summary>The limit of this process's own control group, version 2.</summary>
    private static long ControlGroupLimit() => File.Exists("/proc/self/cgroup") ? Number($"/sys/fs/cgroup{Field("/proc/self/cgroup", "0::")}/pids.max") : long.MaxValue;

    private static string InWords(long limit) => limit == long.MaxValue ? "unlimited" : Quantity.Group(limit);
}
