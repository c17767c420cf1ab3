using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Truth;

/// <summary>A selector may be had and yet not be waited in, or nothing may be added to it: that is found out at once, and told.</summary>
public sealed class WaitRefusedTests
{
    /// <summary>Socket.Select is poll(2) on Linux, so that nothing is left to fall back to.</summary>
    [Theory]
    [InlineData("EPERM", "--model", "poll")]
    [InlineData("ENOSYS", "--model", "poll")]
    [InlineData("EPERM", "--model", "epoll", "--selector", "poll")]
    [InlineData("ENOSYS", "--model", "select", "--selector", "poll")]
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
    public void Without_poll_the_others_serve_and_say_nothing_of_it(string model)
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
        Assert.Empty(server.Said(" (WRN|ERR) "));
    }

    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Models_tells_what_cannot_be_had_without_poll(string error)
    {
        using RuntimeDirectory directory = new();
        Dictionary<string, string?> reasons = Reasons(Executable.RunUnder(Under(directory, "poll,ppoll", error), "models", "--json"));
        Assert.Contains(error, reasons["poll"]);
        Assert.Contains("Socket.Select", reasons["select"]);
        Assert.Null(reasons["epoll"]);

        Outcome table = Executable.RunUnder(Under(directory, "poll,ppoll", error), "models");
        Assert.Matches($@"\npoll +poll\(2\) .*{error}", table.Output);
        Assert.Matches(@"\nepoll +epoll_wait\(2\) +yes; auto takes it", table.Output);
    }

    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Without_epoll_ctl_an_epoll_server_goes_on_over_poll_and_says_so_once(string error)
    {
        using RuntimeDirectory directory = new();
        using Server server = Server.Start(new Launch { Wrapper = Under(directory, "epoll_ctl", error), Directory = directory });
        using (Client client = new(server))
        {
            client.Echo("over something else");
            server.Switch("threads");
            server.Switch("epoll");
            client.Echo("again");
        }

        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        server.End();
        string warning = Assert.Single(server.Said(" WRN "));
        Assert.Matches($@"epoll was refused \(epoll_ctl: .*{error}.*poll is used instead", warning);
    }

    /// <summary>The runtime watches what is awaited in an epoll too.</summary>
    [Theory]
    [InlineData("--model", "async")]
    [InlineData("--model", "epoll", "--trigger", "edge")]
    [InlineData("--model", "epoll", "--selector", "epoll")]
    public void Without_epoll_ctl_what_can_do_with_nothing_else_ends_with_one_clear_line(params string[] arguments)
    {
        Assert.Contains("epoll_ctl", Refused("epoll_ctl", "EPERM", ["serve", "-p", "0", .. arguments]));

        using RuntimeDirectory directory = new();
        Dictionary<string, string?> reasons = Reasons(Executable.RunUnder(Under(directory, "epoll_ctl", "EPERM"), "models", "--json"));
        Assert.Contains("epoll_ctl", reasons[arguments[1]]);
    }

    /// <summary>Refused to the models' thread only: the runtime has a thread of its own that could not live without.</summary>
    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Without_epoll_wait_an_epoll_server_goes_on_over_poll(string error)
    {
        using Server server = Server.Start("--model", "busy-poll");
        using Client client = new(server);
        client.Echo("over nothing");
        using Strace strace = Strace.AttachToThread(server, "models", "-e", "trace=epoll_wait,epoll_pwait", "-e", $"inject=epoll_wait,epoll_pwait:error={error}");

        server.Switch("epoll");
        client.Echo("over something else");
        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        server.Switch("busy-poll");
        server.Switch("epoll");
        client.Echo("again");
        string warning = Assert.Single(server.Said(" WRN "));
        Assert.Matches($@"epoll was refused \(epoll_wait: .*{error}.*poll is used instead", warning);
    }

    /// <summary>No .NET program has sockets there; what it would say itself is a stack trace.</summary>
    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Without_any_epoll_wait_there_is_one_clear_line(string error)
    {
        const string Call = "epoll_wait,epoll_pwait";
        foreach (string verb in (string[])["serve -p 0", "serve -p 0 -m threads", "client -p 1 -n 1", "client -p 1 -i", "status -p 1", "switch epoll -p 1"])
            Assert.EndsWith($"sockets here, as its own epoll is refused ({error})", Refused(Call, error, verb.Split(' ')));

        using RuntimeDirectory directory = new();
        Dictionary<string, string?> reasons = Reasons(Executable.RunUnder(Under(directory, Call, error), "models", "--json"));
        foreach (string model in (string[])["select", "poll", "epoll", "async"])
            Assert.Contains(error, reasons[model]);
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
