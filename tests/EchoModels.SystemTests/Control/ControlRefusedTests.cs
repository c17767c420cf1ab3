using System.Diagnostics;
using EchoModels.SystemTests.Support;
using EchoModels.SystemTests.SystemCalls;

namespace EchoModels.SystemTests.Control;

/// <summary>The control channel needs no selector: status and switch work where every call of that family is refused.</summary>
public sealed class ControlRefusedTests
{
    private const string Polls = "poll,ppoll,select,pselect6";
    private const string Epolls = "epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2";

    [MainCase, Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void The_verbs_need_neither_epoll_nor_poll(string error)
    {
        using Server server = Server.Start();
        string[] wrapper = Under(server.Directory, $"{Epolls},{Polls}", error);

        Outcome change = Run(server, wrapper, "switch", "threads", "-p", $"{server.Port}");
        Assert.True(change.ExitCode == 0, change.Everything);
        Outcome status = Run(server, wrapper, "status", "-p", $"{server.Port}");
        Assert.True(status.ExitCode == 0, status.Everything);
        Assert.Matches(@"(?m)^model +threads$", status.Output);
        Assert.Empty(change.Error + status.Error);
        server.End();
    }

    [MainCase, Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void The_server_keeps_its_time_limits_without_poll(string error)
    {
        using RuntimeDirectory directory = new();
        using Server server = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", "0", "--model", "threads"],
            Wrapper = Under(directory, Polls, error),
            Directory = directory,
        });
        using ControlClient silent = new(server);
        Assert.Equal("threads", server.Status().GetProperty("model").GetString());
        Assert.Empty(silent.ReadToEnd()); // which ends, because the server disconnects it
        server.End();
    }

    [Fact]
    public void A_server_whose_control_socket_was_replaced_has_no_thread_for_it()
    {
        using Server first = Server.Start("--drain", "1h");
        Assert.Contains("control", Threads(first));
        using StuckClient stuck = new(first);
        first.Signal(Native.SIGTERM);
        Limit.Until(() => !Client.CanConnect(first), "the port is closed");
        using Server second = Server.Start(new Launch { Arguments = ["serve", "-p", $"{first.Port}"], Directory = first.Directory });

        Limit.Until(() => !Threads(first).Any(name => name.StartsWith("control", StringComparison.Ordinal)), "its threads have ended");
        Assert.DoesNotContain(first.Directory.Servers, Descriptors(first));
        stuck.ReadToEnd();
        Assert.Equal(0, first.ExitCode());
        second.End();
    }

    [Slow, Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_server_stops_while_its_control_socket_backs_off(int attempt)
    {
        using Server server = Server.Start();
        server.Status(); // it accepts
        ulong before = Native.LimitDescriptors(server.Id, 3);
        using ControlClient accepted = new(server); // accept4 had a descriptor for the next client before it slept
        using ControlClient waiting = new(server);
        Limit.Until(() => SleepsInFutex(server), "the accept has failed");
        Native.LimitDescriptors(server.Id, before);
        Thread.Sleep(20 * attempt); // each time at another moment of the back-off
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    /// <summary>Whether the thread that accepts there sleeps in futex(2), and no longer in accept4(2).</summary>
    private static bool SleepsInFutex(Server server)
    {
        const string Futex = "202 "; // on x86-64; see proc_pid_syscall(5)
        string[] threads = [.. ProcessUsage.Threads(server.Id, "control\n")]; // one that it has just started still has its name
        return threads.Length == 1 && File.ReadAllText(Path.Combine(threads[0], "syscall")).StartsWith(Futex, StringComparison.Ordinal);
    }

    private static Outcome Run(Server server, string[] wrapper, params string[] arguments)
    {
        using Process process = Executable.Start(server.Directory, wrapper, arguments);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(Limit.Generous), $"'{string.Join(' ', arguments)}' did not end");
        Assert.True(Task.WaitAll([output, error], Limit.Generous), "its pipes stayed open");
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }

    private static string[] Threads(Server server) =>
        [.. Directory.GetDirectories($"/proc/{server.Id}/task").Select(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim())];

    /// <summary>The paths of the Unix-domain sockets that it has open.</summary>
    private static string Descriptors(Server server)
    {
        HashSet<string?> own = [.. new DirectoryInfo($"/proc/{server.Id}/fd").GetFiles().Select(file => file.LinkTarget)];
        return string.Join('\n', File.ReadLines("/proc/net/unix").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length == 8 && own.Contains($"socket:[{words[6]}]")).Select(words => words[7]));
    }

    private static string[] Under(RuntimeDirectory directory, string calls, string error) => Strace.Command(
        Path.Combine(directory.Path, "trace"), "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}");
}
