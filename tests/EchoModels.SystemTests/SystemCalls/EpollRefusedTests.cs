using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>Where epoll is refused, the next selector serves, and the server says so.</summary>
[Slow]
public sealed class EpollRefusedTests
{
    private const string Warning = @" WRN .*\bepoll\b.*refused";

    public static TheoryData<string> Errors => ["ENOSYS", "EPERM"];

    [MainCase, Theory]
    [MemberData(nameof(Errors))]
    public void Uses_poll_from_the_start(string error)
    {
        using RefusedServer refused = new(error, "--model", "epoll");
        Server server = refused.Server;
        server.AwaitPort();
        using Client client = new(server);
        client.Echo("over another selector");

        Assert.Equal("epoll", server.Status().GetProperty("model").GetString());
        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        string warning = server.AwaitLine(Warning);
        Assert.Contains("epoll_create1", warning);
        Assert.Contains(error, warning);
        Assert.Contains("poll is used instead", warning);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Reports_it_once(string error)
    {
        using RefusedServer refused = new(error, "--model", "epoll");
        refused.Server.AwaitPort();
        using Client client = new(refused.Server);
        client.Echo("hello");
        refused.Server.Switch("threads");
        refused.Server.Switch("epoll");
        client.Echo("hello again");
        refused.Server.End();

        Assert.Single(refused.Server.LinesMatching(Warning));
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Reports_nothing_if_epoll_was_not_chosen(string error)
    {
        using RefusedServer refused = new(error, "--model", "poll");
        refused.Server.AwaitPort();
        using Client client = new(refused.Server);
        client.Echo("hello");
        refused.Server.End();

        Assert.Empty(refused.Server.LinesMatching(Warning));
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void A_forced_epoll_is_refused_in_one_line(string error)
    {
        using RefusedServer refused = new(error, "--model", "epoll", "--selector", "epoll");

        Assert.Equal(1, refused.Server.ExitCode());
        string line = Assert.Single(refused.Server.Lines);
        Assert.Contains("epoll_create1", line);
        Assert.Contains(error, line);
    }

    /// <summary>strace counts per thread: in each, the second epoll_create1 and those after it are refused.</summary>
    [Theory]
    [MemberData(nameof(Errors))]
    public void A_switch_back_to_epoll_uses_poll_if_epoll_is_refused_by_then(string error)
    {
        using RuntimeDirectory directory = new();
        using Server server = Server.Start(new Launch
        {
            Wrapper = Under(directory, error, "2+"),
            Directory = directory,
        });
        using Client client = new(server);
        client.Echo("over epoll");
        Assert.Equal("epoll", server.Status().GetProperty("selector").GetString());

        server.Switch("threads");
        client.Echo("in a thread");
        server.Switch("epoll");
        client.Echo("over another selector");
        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        Assert.Contains(error, server.AwaitLine(Warning));
        Assert.Contains("served 1 connection, 3 messages", server.End());
    }

    /// <summary>The runtime's own epoll is refused as well: then only the models that need a Socket of the runtime are not available.</summary>
    [MainCase, Theory]
    [MemberData(nameof(Errors))]
    public void Refused_from_the_very_first_call_it_serves_by_every_model_that_needs_no_socket_of_the_runtime(string error)
    {
        using RefusedServer refused = new(error, "--model", "epoll");
        Server server = refused.Server;
        server.AwaitPort();
        using Client client = new(server);
        foreach (string model in (string[])["threads", "poll", "select-fdset", "signal", "blocking", "thread-pool", "io-uring", "epoll"])
        {
            server.Switch(model);
            client.Echo(model);
            Assert.Equal(model, server.Status().GetProperty("model").GetString());
        }

        foreach (string model in (string[])["busy-poll", "select", "async"])
        {
            Outcome outcome = Executable.RunBeside(server, "switch", model, "-p", $"{server.Port}");
            Assert.Equal(1, outcome.ExitCode);
            Assert.Contains($"epoll_create1: {error}", outcome.Error);
            client.Echo(model);
        }

        server.Switch("process"); // which keeps its clients
        client.Echo("in a child");
        Assert.Contains("served 1 connection", server.End());
    }

    /// <summary>Descriptors are plain numbers: no finalizer closes what a refused start has left open.</summary>
    [Theory]
    [InlineData("select")]
    [InlineData("busy-poll")]
    [InlineData("async")]
    public void A_refused_switch_leaves_no_socket_open(string model)
    {
        using RefusedServer refused = new("EPERM", "--model", "poll");
        Server server = refused.Server;
        server.AwaitPort();
        Assert.Contains("epoll_create1", server.Request($"switch {model}").GetProperty("error").GetString());
        int before = Sockets(server);
        for (int i = 0; i < 5; i++)
            server.Request($"switch {model}");

        Limit.Until(() => Sockets(server) <= before, $"no more than {before} sockets are open");
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Models_reports_why(string error)
    {
        using RuntimeDirectory directory = new();
        AssertReports(error, Executable.RunUnder(Under(directory, error, "2+"), "models", "--json"));

        Outcome table = Executable.RunUnder(Under(directory, error, "2+"), "models");
        Assert.Matches($@"\(epoll\) not available: .*{error}", table.Output);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Models_reports_why_if_the_runtime_has_no_epoll_either(string error)
    {
        using RuntimeDirectory directory = new();
        AssertReports(error, Executable.RunUnder(Under(directory, error, "1+"), "models", "--json"));
    }

    private static void AssertReports(string error, Outcome outcome)
    {
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        JsonElement epoll = JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray()
            .Single(row => row.GetProperty("name").GetString() == "epoll");
        Assert.False(epoll.GetProperty("available").GetBoolean());
        Assert.Contains("epoll_create1", epoll.GetProperty("reason").GetString());
        Assert.Contains(error, epoll.GetProperty("reason").GetString());
    }

    private static string[] Under(RuntimeDirectory directory, string error, string when) => Strace.Command(
        Path.Combine(directory.Path, "trace"), "-e", "trace=epoll_create1", "-e", $"inject=epoll_create1:error={error}:when={when}");

    /// <summary>How many sockets it has open; a descriptor that is closed meanwhile is none.</summary>
    private static int Sockets(Server server) => Directory.GetFiles($"/proc/{server.Id}/fd")
        .Count(path => new FileInfo(path).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
}
