using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EchoModels.SystemTests.Support;

/// <summary>Starts programs in an environment that does not depend on how the tests were started.</summary>
/// <remarks>
/// Signals have their default action and none is blocked; the session is a new one, without a terminal; the environment has a few
/// variables and no others; limits and the file mode mask are those of <see cref="TestProcess"/>. A program that still runs when
/// the process of the tests ends, in whatever way, is killed.
/// </remarks>
internal static class Launcher
{
    private const string Programs = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly BlockingCollection<Action> Starts = [];

    /// <summary>The kernel kills the programs when the thread that started them ends (PR_SET_PDEATHSIG): this one does not.</summary>
    private static readonly Lazy<Thread> Starter = new(() =>
    {
        Thread thread = new(StartAll) { Name = "starter", IsBackground = true };
        thread.Start();
        return thread;
    });

    /// <summary>How to start a program: all three streams are pipes, and control sockets are in a directory of the test.</summary>
    /// <param name="directory">The directory for control sockets, and the home directory.</param>
    /// <param name="command">The program and its arguments. The program keeps the process id that its launch returns.</param>
    /// <param name="newSession">Whether it is put in a new session; otherwise it is to do that itself.</param>
    public static ProcessStartInfo Prepare(RuntimeDirectory directory, string[] command, bool newSession = true)
    {
        string[] session = newSession ? ["setsid"] : [];
        ProcessStartInfo start = new("/usr/bin/env", ["--default-signal", "setpriv", "--pdeathsig", "KILL", .. session, .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Programs;
        start.Environment["HOME"] = directory.Path;
        start.Environment["LANG"] = "C.UTF-8";
        start.Environment["XDG_RUNTIME_DIR"] = directory.Path;
        start.Environment["TMPDIR"] = directory.Path; // so that only the servers of this test are found
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return start;
    }

    /// <summary>Starts a program that has been prepared.</summary>
    public static Process Start(ProcessStartInfo prepared)
    {
        TaskCompletionSource<Process> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Starter.Value;
        Starts.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(prepared)!);
            }
            catch (Exception failure)
            {
                started.SetException(failure);
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }

    private static void StartAll()
    {
        foreach (Action start in Starts.GetConsumingEnumerable())
            start();
    }
}
