using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EchoModels.Testing;

/// <summary>Gives the process of the tests, before its first test, the same state whoever started it.</summary>
/// <remarks>
/// The programs that the tests start inherit it: signals with their default action and none blocked, limits, the file mode mask,
/// and the directory for temporary files. See signal(7), getrlimit(2), umask(2). A signal that nohup(1) or a shell has told the
/// tests to ignore does not end them.
/// </remarks>
internal static partial class TestProcess
{
    /// <summary>Descriptors that a process may open: enough for 9,000 clients and their server in one.</summary>
    private const ulong Descriptors = 20_000;

    private const int RLIMIT_STACK = 3;
    private const int RLIMIT_CORE = 4;
    private const int RLIMIT_NPROC = 6;
    private const int RLIMIT_NOFILE = 7;
    private const int RLIMIT_RTTIME = 15; // the last one

    /// <summary>Set in the environment of a process whose signals have been reset: the signals that were ignored before.</summary>
    private const string IgnoredSignals = "ECHOMODELS_IGNORED_SIGNALS";

    private static readonly List<PosixSignalRegistration> Ignored = [];

    /// <summary>How many descriptors the process may open.</summary>
    public static ulong MaxDescriptors => OperatingSystem.IsLinux() ? Get(RLIMIT_NOFILE).Soft : ulong.MaxValue;

    /// <summary>How many threads and processes the user may have. The kernel does not apply it to root.</summary>
    public static ulong MaxThreads => OperatingSystem.IsLinux() && EffectiveUser() != 0 ? Get(RLIMIT_NPROC).Soft : ulong.MaxValue;

    [ModuleInitializer]
    internal static void Prepare()
    {
        // A test runner may load the assembly into a process of its own, which is left as it is.
        if (!OperatingSystem.IsLinux() || Assembly.GetEntryAssembly() != typeof(TestProcess).Assembly)
            return;

        ResetSignals();
        SetLimits();
        _ = SetFileModeMask(Convert.ToUInt32("022", 8));
        Environment.SetEnvironmentVariable("TMPDIR", null); // the path of a Unix-domain socket has to be short
    }

    /// <summary>Executes the program again with default signals, as the runtime has made its threads and handlers already.</summary>
    private static void ResetSignals()
    {
        if (Environment.GetEnvironmentVariable(IgnoredSignals) is { } before)
        {
            Ignore(ulong.Parse(before, CultureInfo.InvariantCulture));
            return;
        }

        ulong ignored = Signals("SigIgn");
        if ((Signals("SigBlk") | ignored) == 0)
            return;

        string program = File.ResolveLinkTarget("/proc/self/exe", returnFinalTarget: true)!.FullName;
        string[] words = File.ReadAllText("/proc/self/cmdline").Split('\0');
        Execute("/usr/bin/env", ["env", "--default-signal", $"{IgnoredSignals}={ignored}", program, .. words[1..^1], null]);
        throw new InvalidOperationException($"cannot execute /usr/bin/env: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Ignores again what comes from a terminal, by handlers: the action in programs that are started is the default then.</summary>
    private static void Ignore(ulong signals)
    {
        const int SIGHUP = 1;
        const int SIGINT = 2;
        const int SIGQUIT = 3;
        foreach ((int number, PosixSignal signal) in (ReadOnlySpan<(int, PosixSignal)>)
            [(SIGHUP, PosixSignal.SIGHUP), (SIGINT, PosixSignal.SIGINT), (SIGQUIT, PosixSignal.SIGQUIT)])
        {
            if ((signals & (1UL << (number - 1))) != 0)
                Ignored.Add(PosixSignalRegistration.Create(signal, received => received.Cancel = true));
        }
    }

    /// <summary>A set of signals, a bit for each, as proc_pid_status(5) shows it; without SIGPIPE, which the runtime ignores.</summary>
    private static ulong Signals(string set)
    {
        const int SIGPIPE = 13;
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith($"{set}:", StringComparison.Ordinal));
        return ulong.Parse(line.Split('\t')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & ~(1UL << (SIGPIPE - 1));
    }

    /// <summary>Each limit is raised as far as its user may raise it; there are no core files.</summary>
    private static void SetLimits()
    {
        const ulong Stack = 8 * 1024 * 1024;
        for (int resource = 0; resource <= RLIMIT_RTTIME; resource++)
        {
            ulong hard = Get(resource).Hard;
            ulong soft = resource switch
            {
                RLIMIT_CORE => 0,
                RLIMIT_STACK => Math.Min(Stack, hard),
                RLIMIT_NOFILE => Math.Min(Descriptors, hard),
                _ => hard,
            };
            Set(resource, new ResourceLimit { Soft = soft, Hard = hard });
        }

        Set(RLIMIT_NOFILE, new ResourceLimit { Soft = Descriptors, Hard = Descriptors }); // only root may raise the hard limit
    }

    private static ResourceLimit Get(int resource)
    {
        _ = ProcessLimit(0, resource, 0, out ResourceLimit limit);
        return limit;
    }

    private static void Set(int resource, ResourceLimit limit) => _ = ProcessLimit(0, resource, in limit, 0);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] words);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetFileModeMask(uint mask);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "prlimit")]
    private static partial int ProcessLimit(int process, int resource, nint none, out ResourceLimit before);

    [LibraryImport("libc", EntryPoint = "prlimit")]
    private static partial int ProcessLimit(int process, int resource, in ResourceLimit wanted, nint none);

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private record struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
