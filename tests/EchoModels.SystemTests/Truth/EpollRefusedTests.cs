using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Truth;

/// <summary>Where epoll cannot be had, the next selector serves, and the server says so.</summary>
public sealed class EpollRefusedTests
{
    private const string Warning = @" WRN .*\bepoll\b.*refused";

    public static TheoryData<string> Errors => ["ENOSYS", "EPERM"];

    [Theory]
    [MemberData(nameof(Errors))]
    public void Goes_on_over_poll_from_the_start(string error)
    {
        using RefusedServer refused = new(error, "--model", "epoll");
        Server server = refused.Server;
        server.AwaitPort();
        using Client client = new(server);
        client.Echo("over something else");

        Assert.Equal("epoll", server.Status().GetProperty("model").GetString());
        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        string warning = server.AwaitLine(Warning);
        Assert.Contains("epoll_create1", warning);
        Assert.Contains(error, warning);
        Assert.Contains("poll is used instead", warning);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Says_so_once_and_only_once(string error)
    {
        using RefusedServer refused = new(error, "--model", "epoll");
        refused.Server.AwaitPort();
        using Client client = new(refused.Server);
        client.Echo("hello");
        refused.Server.Switch("threads");
        refused.Server.Switch("epoll");
        client.Echo("hello again");
        refused.Server.End();

        Assert.Single(refused.Server.Said(Warning));
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Says_nothing_of_it_where_nobody_wanted_epoll(string error)
    {
        using RefusedServer refused = new(error, "--model", "poll");
        refused.Server.AwaitPort();
        using Client client = new(refused.Server);
        client.Echo("hello");
        refused.Server.End();

        Assert.Empty(refused.Server.Said(Warning));
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
    public void Refused_from_the_second_time_on_a_switch_back_goes_on_over_poll(string error)
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
        client.Echo("over something else");
        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        Assert.Contains(error, server.AwaitLine(Warning));
        Assert.Contains("served 1 connections, 3 messages", server.End());
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Refused_to_the_runtime_as_well_it_ends_with_one_clear_line(string error)
    {
        using RuntimeDirectory directory = new();
        Outcome outcome = Executable.RunUnder(Under(directory, error, "1+"), "serve", "-p", "0", "--model", "epoll");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.Contains("epoll", line);
        Assert.Contains(error, line);
        Assert.DoesNotContain("unexpected", line);
        Assert.DoesNotContain("Exception", line);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Models_says_why(string error)
    {
        using RuntimeDirectory directory = new();
        AssertTells(error, Executable.RunUnder(Under(directory, error, "2+"), "models", "--json"));

        Outcome table = Executable.RunUnder(Under(directory, error, "2+"), "models");
        Assert.Matches($@"\(epoll\) cannot be had here: .*{error}", table.Output);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Models_says_why_even_if_the_runtime_is_refused_too(string error)
    {
        using RuntimeDirectory directory = new();
        AssertTells(error, Executable.RunUnder(Under(directory, error, "1+"), "models", "--json"));
    }

    private static void AssertTells(string error, Outcome outcome)
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
}
