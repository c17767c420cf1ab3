using System.Diagnostics;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>strace(1): the system calls that the program really makes.</summary>
internal sealed class Strace : IDisposable
{
    /// <summary>Every call that moves bytes on sockets, waits for them, or wakes a thread that waits.</summary>
    public const string SocketsAndWaits = "trace=accept,accept4,recvfrom,recvmsg,read,sendto,sendmsg,write,"
        + "epoll_wait,epoll_pwait,epoll_pwait2,epoll_ctl,poll,ppoll,select,pselect6,rt_sigtimedwait,restart_syscall,io_uring_enter,tgkill";

    /// <summary>Why it cannot be used here; null if it can.</summary>
    private static readonly Lazy<string?> Unavailable = new(WhyUnavailable);

    private readonly Process _process;
    private readonly string _file;

    private Strace(Server server, params string[] options)
    {
        Need();
        _file = Path.Combine(server.Directory.Path, $"trace-{Guid.NewGuid():N}");
        _process = Launcher.Start(Launcher.Prepare(server.Directory, ["strace", "-yy", "-s", "0", "-o", _file, .. options]));
        string? line = _process.StandardError.ReadLine();
        Needs.That(
            line?.Contains("Operation not permitted", StringComparison.Ordinal) != true,
            $"strace may not attach to a running process ({line}); 'sysctl kernel.yama.ptrace_scope=0' of root allows it");
        Assert.True(line?.Contains("attached", StringComparison.Ordinal) == true, $"strace: {line}");
    }

    /// <summary>The command that runs a program under strace; it keeps its process id.</summary>
    /// <param name="file">Where the trace goes.</param>
    /// <param name="options">What to trace, and what to inject.</param>
    public static string[] Command(string file, params string[] options)
    {
        Need();
        return ["strace", "-D", "-f", "-yy", "-s", "0", "-o", file, .. options];
    }

    /// <summary>Attaches to all threads of a running server.</summary>
    public static Strace Attach(Server server, params string[] options) =>
        new(server, ["-f", "-p", $"{server.Id}", .. options]);

    /// <summary>Attaches to one thread of a running server, by its name, and to no other, least of all the runtime's.</summary>
    public static Strace AttachToThread(Server server, string name, params string[] options)
    {
        string thread = Directory.GetDirectories($"/proc/{server.Id}/task")
            .Single(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim() == name);
        return new(server, ["-p", Path.GetFileName(thread), .. options]);
    }

    /// <summary>Waits until such a call has begun.</summary>
    public void AwaitCall(string name) =>
        Limit.Until(() => File.Exists(_file) && File.ReadAllText(_file).Contains(name + "(", StringComparison.Ordinal), $"a {name}");

    /// <summary>Waits until so many calls have failed with an error.</summary>
    public void AwaitFailures(string error, int count) => AwaitFailures(_file, error, count);

    /// <summary>Waits until so many calls in a trace have failed with an error.</summary>
    public static void AwaitFailures(string file, string error, int count) => Limit.Until(
        () => File.Exists(file) && Trace.Read(file).Calls.Count(call => call.Error == error) >= count, $"{count} calls that fail with {error}");

    /// <summary>Detaches once it has seen so many sends: a client receives its echo a little before strace writes the call.</summary>
    /// <returns>The trace.</returns>
    public Trace Detach(int sends)
    {
        Limit.Until(() => Trace.Read(_file).Tcp.Count(call => call.Name == "sendto") >= sends, $"strace has seen {sends} sends");
        Native.Signal(_process.Id, Native.SIGINT);
        Assert.True(_process.WaitForExit(Limit.Generous), "strace did not end");
        return Trace.Read(_file);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();

        _process.WaitForExit(Limit.Generous);
        _process.Dispose();
    }

    /// <summary>Skips the test where strace cannot be used.</summary>
    private static void Need() => Needs.That(Unavailable.Value is null, $"it needs strace, {Unavailable.Value}");

    private static string? WhyUnavailable()
    {
        using RuntimeDirectory directory = new();
        using Process strace = Launcher.Start(Launcher.Prepare(directory, ["strace", "-f", "-o", "/dev/null", "true"]));
        string error = strace.StandardError.ReadToEnd().Trim();
        strace.WaitForExit();
        return strace.ExitCode switch
        {
            0 => null,
            127 => "which is not there; tests/all.sh installs it, as does 'apt-get install strace' of root",
            _ => $"which cannot trace here: {error}",
        };
    }
}
