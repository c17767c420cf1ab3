using System.Diagnostics;
using EchoModels.SystemTests.Support;
using EchoModels.SystemTests.SystemCalls;

namespace EchoModels.SystemTests.Control;

/// <summary>The control channel needs no selector: status and switch work where every call of that family is refused.</summary>
public sealed class ControlRefusedTests
{
    private const string Polls = "poll,ppoll,select,pselect6";
    private const string Epolls = "epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2";

    [Theory]
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

    [Theory]
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

    private static Outcome Run(Server server, string[] wrapper, params string[] arguments)
    {
        using Process process = Process.Start(Executable.Prepare(server.Directory, wrapper, arguments))!;
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
