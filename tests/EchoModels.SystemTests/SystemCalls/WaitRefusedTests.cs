using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>A selector that can be opened, but cannot wait or watch anything, is found out at once, and reported.</summary>
[Slow]
public sealed class WaitRefusedTests
{
    /// <summary>Socket.Select is poll(2) on Linux, so that there is no fallback.</summary>
    [Theory]
    [InlineData("EPERM", "--model", "poll")]
    [InlineData("ENOSYS", "--model", "poll")]
    [InlineData("EPERM", "--model", "epoll", "--selector", "poll")]
    [InlineData("ENOSYS", "--model", "epoll", "--selector", "poll")]
    public void Without_poll_a_poll_server_ends_with_one_clear_line(string error, params string[] arguments)
    {
        string line = Refused("poll,ppoll", error, ["serve", "-p", "0", .. arguments]);
        Assert.Contains("poll (poll: ", line);
        Assert.Contains(error, line);
        if (arguments.Length == 2)
            Assert.Contains("select (Socket.Select: ", line);
    }

    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Without_poll_there_is_no_select_either(string error) =>
        Assert.Contains("select (Socket.Select: ", Refused("poll,ppoll", error, ["serve", "-p", "0", "--model", "select"]));

    [Theory]
    [InlineData("epoll")]
    [InlineData("select-fdset")]
    [InlineData("threads")]
    public void Without_poll_the_others_serve_and_report_nothing(string model)
    {
        using RuntimeDirectory directory = new();
        using Server server = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", "0", "-m", model],
            Wrapper = Under(directory, "poll,ppoll", "EPERM"),
            Directory = directory,
        });
        using (Client client = new(server))
            client.Echo("hello");

        server.AwaitLine("closed");
        Assert.Equal(1, server.Status().GetProperty("receives").GetInt32());
        server.Switch("busy-poll");
        server.End();
        Assert.Empty(server.LinesMatching(" (WRN|ERR) "));
    }

    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Models_reports_what_is_not_available_without_poll(string error)
    {
        using RuntimeDirectory directory = new();
        Dictionary<string, string?> reasons = Reasons(Executable.RunUnder(Under(directory, "poll,ppoll", error), "models", "--json"));
        Assert.Contains(error, reasons["poll"]);
        Assert.Contains("Socket.Select", reasons["select"]);
        Assert.Null(reasons["epoll"]);

        Outcome table = Executable.RunUnder(Under(directory, "poll,ppoll", error), "models");
        Assert.Matches($@"\npoll +poll\(2\) .*{error}", table.Output);
        Assert.Matches(@"\nepoll +epoll_wait\(2\) +yes; auto takes this one", table.Output);
    }

    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Without_epoll_ctl_an_epoll_server_uses_poll_and_reports_it_once(string error)
    {
        using RuntimeDirectory directory = new();
        using Server server = Server.Start(new Launch { Wrapper = Under(directory, "epoll_ctl", error), Directory = directory });
        using (Client client = new(server))
        {
            client.Echo("over another selector");
            server.Switch("threads");
            server.Switch("epoll");
            client.Echo("again");
        }

        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        server.End();
        string warning = Assert.Single(server.LinesMatching(" WRN "));
        Assert.Matches($@"epoll was refused \(epoll_ctl: .*{error}.*poll is used instead", warning);
    }

    /// <summary>The runtime, too, watches awaited sockets with an epoll.</summary>
    [Theory]
    [InlineData("--model", "async")]
    [InlineData("--model", "epoll", "--trigger", "edge")]
    [InlineData("--model", "epoll", "--selector", "epoll")]
    public void Without_epoll_ctl_a_server_without_a_fallback_ends_with_one_line(params string[] arguments)
    {
        Assert.Contains("epoll_ctl", Refused("epoll_ctl", "EPERM", ["serve", "-p", "0", .. arguments]));

        using RuntimeDirectory directory = new();
        Dictionary<string, string?> reasons = Reasons(Executable.RunUnder(Under(directory, "epoll_ctl", "EPERM"), "models", "--json"));
        Assert.Contains("epoll_ctl", reasons[arguments[1]]);
    }

    /// <summary>Refused only to the models' thread: the runtime has a thread that needs the call.</summary>
    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Without_epoll_wait_an_epoll_server_uses_poll(string error)
    {
        using Server server = Server.Start("--model", "busy-poll");
        using Client client = new(server);
        client.Echo("without a selector");
        using Strace strace = Strace.AttachToThread(server, "models", "-e", "trace=epoll_wait,epoll_pwait", "-e", $"inject=epoll_wait,epoll_pwait:error={error}");

        server.Switch("epoll");
        client.Echo("over another selector");
        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        server.Switch("busy-poll");
        server.Switch("epoll");
        client.Echo("again");
        string warning = Assert.Single(server.LinesMatching(" WRN "));
        Assert.Matches($@"epoll was refused \(epoll_wait: .*{error}.*poll is used instead", warning);
    }

    /// <summary>The runtime can make no Socket there. What does not need one works, and what needs one says so in one line.</summary>
    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Without_any_epoll_wait_only_the_models_of_the_runtime_are_refused(string error)
    {
        const string Call = "epoll_wait,epoll_pwait";
        foreach (string verb in (string[])["serve -p 0 -m busy-poll", "serve -p 0 -m async"])
            Assert.EndsWith($"sockets here, as its own epoll is refused (epoll_wait: {error})", Refused(Call, error, verb.Split(' ')));

        Assert.Contains("no echomodels server", Refused(Call, error, ["status", "-p", "1"]));

        using RuntimeDirectory directory = new();
        Outcome client = Executable.RunUnder(Under(directory, Call, error), "client", "-p", "1", "-n", "1");
        Assert.Equal((1, 2), (client.ExitCode, client.ErrorLines.Length));
        Assert.Matches($@"epoll is refused \(epoll_wait: .*{error}.*poll takes its place", client.ErrorLines[0]);
        Assert.Contains("refused (127.0.0.1:1)", client.ErrorLines[1]);

        Dictionary<string, string?> reasons = Reasons(Executable.RunUnder(Under(directory, Call, error), "models", "--json"));
        Assert.All((string[])["select", "epoll", "async", "busy-poll"], model => Assert.Contains(error, reasons[model]));
        Assert.All((string[])["blocking", "threads", "poll", "select-fdset", "signal"], model => Assert.Null(reasons[model]));
    }

    private static string Refused(string calls, string error, string[] arguments)
    {
        using RuntimeDirectory directory = new();
        Outcome outcome = Executable.RunUnder(Under(directory, calls, error), arguments);

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.True(outcome.ErrorLines.Length == 1, outcome.Everything);
        Assert.DoesNotContain("unexpected", outcome.Error);
        Assert.DoesNotContain("Exception", outcome.Error);
        return outcome.ErrorLines[0];
    }

    private static Dictionary<string, string?> Reasons(Outcome outcome)
    {
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        return JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray()
            .ToDictionary(row => row.GetProperty("name").GetString()!, row => row.GetProperty("reason").GetString());
    }

    private static string[] Under(RuntimeDirectory directory, string calls, string error) => Strace.Command(
        Path.Combine(directory.Path, "trace"), "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}");
}
