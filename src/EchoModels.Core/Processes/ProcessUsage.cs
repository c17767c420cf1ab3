using System.Diagnostics;
using System.Globalization;
using System.Text;
using EchoModels.Posix;
using Microsoft.Win32.SafeHandles;

namespace EchoModels.Processes;

/// <summary>What the kernel has counted of this process: the same numbers as /proc/PID/stat shows.</summary>
/// <param name="CpuUserSeconds">Processor time in the program's own code, seconds.</param>
/// <param name="CpuSystemSeconds">Processor time in the kernel on its behalf, seconds.</param>
/// <param name="Threads">Threads alive.</param>
/// <param name="RssBytes">Memory resident, bytes.</param>
/// <param name="Wakeups">Voluntary context switches, that is how often a thread went to sleep and was woken. See getrusage(2). Null elsewhere than on Linux.</param>
public sealed record ProcessUsage(double CpuUserSeconds, double CpuSystemSeconds, int Threads, long RssBytes, long? Wakeups)
{
    /// <summary>Opened once, at the start: it must be readable when there is no descriptor left.</summary>
    private static readonly SafeFileHandle? Stat = OperatingSystem.IsLinux() ? File.OpenHandle("/proc/self/stat") : null;

    /// <summary>Reads them now.</summary>
    public static ProcessUsage Read()
    {
        Environment.ProcessCpuUsage cpu = Environment.CpuUsage;
        if (Stat is null)
        {
            using Process own = Process.GetCurrentProcess();
            return new(cpu.UserTime.TotalSeconds, cpu.PrivilegedTime.TotalSeconds, own.Threads.Count, Environment.WorkingSet, null);
        }

        (int threads, long pages) = ReadStat(Stat);
        long wakeups = Libc.ResourceUsage(Libc.RUSAGE_SELF, out ResourceUsage usage) == 0 ? usage.VoluntarySwitches : 0;
        return new(cpu.UserTime.TotalSeconds, cpu.PrivilegedTime.TotalSeconds, threads, pages * Environment.SystemPageSize, wakeups);
    }

    /// <summary>Fields 20 and 24 of proc_pid_stat(5), counted from behind the program's name, which may hold anything.</summary>
    private static (int Threads, long Pages) ReadStat(SafeFileHandle stat)
    {
        byte[] bytes = new byte[1024];
        int length = RandomAccess.Read(stat, bytes, 0);
        string[] fields = Encoding.ASCII.GetString(bytes, 0, length).Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (int.Parse(fields[17], CultureInfo.InvariantCulture), long.Parse(fields[21], CultureInfo.InvariantCulture));
    }
}
