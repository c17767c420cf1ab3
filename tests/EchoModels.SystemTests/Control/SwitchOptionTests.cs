using System.Text.Json;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>Options belong to models: a switch sets them, they hold until they are changed, and no byte is lost by it.</summary>
[Slow]
public sealed class SwitchOptionTests
{
    /// <summary>The arguments of one switch after another, and the options in force after each.</summary>
    public static TheoryData<string, string> Sequence => new()
    {
        { "epoll --trigger edge", "edge-triggered" },
        { "thread-pool --workers 50", "50 workers" },
        { "thread-pool --workers 10", "10 workers" },
        { "poll --loops 2", "2 loops" },
        { "poll --loops 4", "4 loops" },
        { "poll", "4 loops" },
        { "io-uring --loops 1 --spin 50us", "spin 50 us" },
        { "epoll --selector poll --spin 0s", "level-triggered, selector poll only" },
        { "epoll --selector auto", "edge-triggered" },
        { "threads", "" },
        { "thread-pool", "10 workers" },
        { "epoll --trigger level", "level-triggered" },
    };

    [MainCase, Fact]
    public void Each_switch_sets_its_options_and_keeps_the_others_while_a_client_talks_on()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        using BackgroundClient background = new(client, seed: 8);
        foreach ((string arguments, string options) in Sequence.Select(row => row.Data))
        {
            string[] words = arguments.Split(' ');
            Outcome outcome = Executable.RunBeside(server, ["switch", .. words, "-p", $"{server.Port}"]);
            Assert.True(outcome.ExitCode == 0, outcome.Everything);
            JsonElement status = server.Status();
            Assert.Equal((words[0], options), (status.GetProperty("model").GetString(), status.GetProperty("options").GetString()));
            background.AwaitMore(3);
        }

        background.Stop();
        Assert.Equal(0, server.Status().GetProperty("connections").GetProperty("closed").GetInt64());
        Assert.Equal(background.Bytes, server.Status().GetProperty("bytesOut").GetInt64());
        server.AwaitLine(@"switched from thread-pool \(50 workers\) to thread-pool \(10 workers\): 1 connection kept");
    }

    [Fact]
    public void An_option_of_another_model_waits_until_that_one_serves()
    {
        using Server server = Server.Start("--model", "epoll", "--workers", "50");
        Assert.Equal("level-triggered", server.Status().GetProperty("options").GetString());
        server.Switch("thread-pool");
        Assert.Equal("50 workers", server.Status().GetProperty("options").GetString());
        Assert.True(server.Threads >= 50, $"{server.Threads} threads");
    }

    [Fact]
    public void A_selector_that_is_forced_serves_under_epoll()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        Outcome outcome = Executable.RunBeside(server, "switch", "epoll", "--selector", "poll", "-p", $"{server.Port}");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        client.Echo("over poll");

        // Edge-triggered is what only epoll can: the server refuses, and serves on as it did.
        outcome = Executable.RunBeside(server, "switch", "epoll", "--trigger", "edge", "-p", $"{server.Port}");
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains("--trigger 'edge'", outcome.Error);
        client.Echo("over poll still");
    }

    [Fact]
    public void A_selector_that_is_forced_holds_only_for_the_models_that_may_fall_back_to_it()
    {
        using Server server = Server.Start("--selector", "epoll");
        server.Switch("poll");
        Assert.Equal("poll", server.Status().GetProperty("selector").GetString());
        Assert.Equal("", server.Status().GetProperty("options").GetString());

        string error = server.Request("switch select selector=poll").GetProperty("error").GetString()!;
        Assert.Contains("accepted with select is auto, select", error);
        Assert.Equal("poll", server.Status().GetProperty("model").GetString());
    }

    [Fact]
    public void The_counters_begin_anew_at_a_switch_beside_those_since_the_start()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("12345");
        server.Switch("poll");
        client.Echo("123");
        client.Echo("123");

        JsonElement status = server.Status();
        Assert.Equal((3, 11), (status.GetProperty("receives").GetInt64(), status.GetProperty("bytesIn").GetInt64()));
        JsonElement since = status.GetProperty("sinceSwitch");
        Assert.Equal((2, 6), (since.GetProperty("ownReceives").GetInt64(), since.GetProperty("ownBytesIn").GetInt64()));
        Assert.InRange(since.GetProperty("seconds").GetDouble(), double.Epsilon, status.GetProperty("uptimeSeconds").GetDouble());
    }

    [Fact]
    public void What_async_hides_is_known_again_after_it()
    {
        using Server server = Server.Start("--model", "async");
        using Client client = new(server);
        client.Echo("hidden");
        Assert.Equal(JsonValueKind.Null, server.Status().GetProperty("sinceSwitch").GetProperty("calls").GetProperty("wait").ValueKind);
        server.Switch("epoll");
        client.Echo("counted");

        Assert.Equal(JsonValueKind.Null, server.Status().GetProperty("calls").GetProperty("wait").ValueKind);
        Assert.InRange(server.Status().GetProperty("sinceSwitch").GetProperty("calls").GetProperty("wait").GetInt64(), 1, 100);
    }

    [MainCase, Fact]
    public void Children_are_counted_with_what_they_use_and_used()
    {
        using Server server = Server.Start("--model", "process");
        using (Client leaves = new(server))
            leaves.Echo("from a child");
        using Client client = new(server);
        client.Echo("from a child");
        Limit.Until(() => Children().GetProperty("count").GetInt32() == 1, "one child is left");

        string child = Regex.Match(server.AwaitLine($@"child process \d+ serves {client.Name}$"), @"process (\d+)").Groups[1].Value;
        Limit.Until(() => Children().GetProperty("rssBytes").GetInt64() == ResidentBytes(child), "its memory is that of proc_pid_statm(5)");
        Assert.True(Children().GetProperty("cpuUserSeconds").GetDouble() + Children().GetProperty("cpuSystemSeconds").GetDouble() > 0, "no time of the one that ended");

        static long ResidentBytes(string child) => long.Parse(File.ReadAllText($"/proc/{child}/statm").Split(' ')[1]) * Environment.SystemPageSize;
        JsonElement Children() => server.Status().GetProperty("children");
    }
}
