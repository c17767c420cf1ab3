using System.Globalization;
using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>Finds out whether the system has threads to spare, where it gives few: a model must not take the last ones.</summary>
/// <remarks>
/// The runtime starts a thread when a signal comes, and ends the process if there is none. The limits: RLIMIT_NPROC in getrlimit(2), which
/// counts all threads of a user (the shell's ulimit -u), and pids.max of a control group, see cgroups(7). Only a trial tells how much of
/// the first is left; it is made only where one of them is near.
/// </remarks>
internal static unsafe class SpareThreads
{
    /// <summary>Threads that are left to the runtime, and to the control socket.</summary>
    private const int Count = 16;

    /// <summary>A limit is looked at once in so many questions, and is near when so many more would reach it.</summary>
    private const int Interval = 32;

    private const int SemaphoreSize = 32; // sizeof(sem_t); 16 on 32-bit systems
    private const string Processes = "/proc/self/limits";
    private const string Groups = "/sys/fs/cgroup";

    private static readonly long UserLimit = ReadUserLimit();
    private static readonly string[] GroupsWithLimit = FindGroups();
    private static readonly nint WaitForSemaphore = OperatingSystem.IsLinux() ? NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "sem_wait") : 0;
    private static int _questions;
    private static volatile bool _isNear;

    /// <summary>Whether a few more threads can be started now.</summary>
    public static bool AreLeft
    {
        get
        {
            if (UserLimit == long.MaxValue && GroupsWithLimit.Length == 0)
                return true;

            if (Interlocked.Increment(ref _questions) % Interval == 1)
                _isNear = IsNear();

            return !_isNear || TryStart();
        }
    }

    private static bool IsNear()
    {
        const int Margin = 2 * (Interval + Count);
        return AllThreads() + Margin > UserLimit
            || Array.Exists(GroupsWithLimit, group => Number(Read($"{group}/pids.current"), 0) + Margin > Number(Read($"{group}/pids.max"), long.MaxValue));
    }

    /// <summary>Starts them, each asleep until all have been started, and ends them again.</summary>
    private static bool TryStart()
    {
        byte* semaphore = stackalloc byte[SemaphoreSize];
        nint* threads = stackalloc nint[Count];
        _ = Libc.SemaphoreInit(semaphore, 0, 0);
        int started = 0;
        while (started < Count && Libc.ThreadCreate(out threads[started], null, (delegate* unmanaged<nint, nint>)WaitForSemaphore, (nint)semaphore) == 0)
            started++;

        for (int i = 0; i < started; i++)
            _ = Libc.SemaphorePost(semaphore);
        for (int i = 0; i < started; i++)
            _ = Libc.ThreadJoin(threads[i], 0);

        return started == Count;
    }

    private static long ReadUserLimit()
    {
        const string Row = "Max processes";
        string? row = Read(Processes).Split('\n').FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal));
        return Number(row?[Row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "", long.MaxValue);
    }

    /// <summary>This process's control group and those above it, as far as they have a limit and can be seen.</summary>
    private static string[] FindGroups()
    {
        List<string> found = [];
        foreach (string line in Read("/proc/self/cgroup").Split('\n'))
        {
            // hierarchy:controllers:path. The second version has one hierarchy, without the names of controllers.
            string[] parts = line.Split(':', 3);
            if (parts.Length < 3 || parts[1] is not ("" or "pids"))
                continue;

            string root = parts[1].Length == 0 ? Groups : $"{Groups}/{parts[1]}";
            for (string group = parts[2].TrimEnd('/'); ; group = group[..group.LastIndexOf('/')])
            {
                if (Number(Read($"{root}{group}/pids.max"), long.MaxValue) < long.MaxValue)
                    found.Add(root + group);
                if (group.Length == 0)
                    break;
            }
        }

        return [.. found];
    }

    /// <summary>All threads of the system, of which this user's are some. See /proc/loadavg in proc_loadavg(5).</summary>
    private static long AllThreads() => Read("/proc/loadavg").Split(' ', '/') is [_, _, _, _, string all, ..] ? Number(all, 0) : 0;

    private static long Number(string text, long otherwise) =>
        long.TryParse(text, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long number) ? number : otherwise;

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
