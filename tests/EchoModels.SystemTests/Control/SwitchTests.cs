using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>The model changes under open connections, and nobody notices but the narration.</summary>
public sealed class SwitchTests
{
    private const string Refusal = "the server is stopping";

    [Fact]
    public void Every_ordered_pair_of_models_keeps_a_talking_connection_byte_for_byte()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        Random random = new(seed);
        string[] round = Round(Models.HandingOver, random);
        using Server server = Server.Start("--model", round[0]);
        using Client client = new(server);
        using Talker talker = new(client, random.Next());

        for (int i = 1; i < round.Length; i++)
        {
            Outcome outcome = Executable.RunBeside(server, "switch", round[i], "-p", $"{server.Port}");
            Assert.True(outcome.ExitCode == 0, outcome.Everything);
            Assert.StartsWith($"switched from {round[i - 1]} to {round[i]}: 1 connections", outcome.Output);
            talker.AwaitMore(3);
        }

        talker.Stop();
        JsonElement status = server.Status();
        JsonElement[] switches = [.. status.GetProperty("switches").EnumerateArray()];
        Assert.Equal(round.Zip(round.Skip(1)), Switches(server));
        Assert.Equal(Models.HandingOver.Length * (Models.HandingOver.Length - 1), switches.Length);
        Assert.All(switches, one => Assert.Equal(1, one.GetProperty("connections").GetInt32()));
        Assert.Equal(0, status.GetProperty("connections").GetProperty("closed").GetInt64());
        Assert.Equal(talker.Bytes, status.GetProperty("bytesIn").GetInt64());
        Assert.Equal(talker.Bytes, status.GetProperty("bytesOut").GetInt64());
        Assert.Equal(switches.Length, server.Said("switched from").Length);
    }

    [Fact]
    public void A_child_keeps_its_connection_through_every_switch_byte_for_byte()
    {
        using Server server = Server.Start("--model", "process");
        using Client stays = new(server);
        using Talker talker = new(stays, seed: 3);
        talker.AwaitMore(3);
        int newcomers = 0;
        foreach (string model in Models.HandingOver)
        {
            server.Switch(model);
            talker.AwaitMore(3);
            using Client comes = new(server);
            comes.Echo("12345");
            newcomers++;
            comes.Dispose();
            Timing.Eventually(() => server.Said(": peer closed, after 1 messages, 5 bytes$").Length == newcomers, "the newcomer has left");
        }

        talker.Stop();
        JsonElement status = server.Status();
        JsonElement connections = status.GetProperty("connections");
        Assert.Equal((1, 1), (connections.GetProperty("open").GetInt32(), connections.GetProperty("children").GetInt32()));
        Assert.Equal(talker.Bytes + (5 * newcomers), status.GetProperty("bytesIn").GetInt64());
        Assert.Equal(talker.Bytes + (5 * newcomers), status.GetProperty("bytesOut").GetInt64());
        Assert.Equal(newcomers, status.GetProperty("ownReceives").GetInt64());
        Assert.All(status.GetProperty("switches").EnumerateArray(), one => Assert.Equal(0, one.GetProperty("connections").GetInt32()));

        string name = stays.Name;
        stays.Dispose();
        Assert.Contains($": peer closed, after {talker.Bytes} bytes in, {talker.Bytes} bytes out; its child process ", server.AwaitLine($"closed {name}"));
    }

    [Fact]
    public void Two_switches_at_once_are_served_one_after_the_other()
    {
        using Server server = Server.Start("--model", "epoll");
        using Client client = new(server);
        client.Echo("before");
        for (int round = 0; round < 5; round++)
        {
            Outcome[] outcomes = AtOnce(server, "threads", "select");
            Assert.All(outcomes, outcome => Assert.True(outcome.ExitCode == 0, outcome.Everything));
            client.Echo("after");
            server.Switch("epoll");
        }

        // Each began where the one before had ended: from epoll to the one, from there to the other, and back.
        (string From, string To)[] switches = Switches(server);
        Assert.Equal(15, switches.Length);
        Assert.Equal(switches.Select(one => one.From).Skip(1), switches.Select(one => one.To).SkipLast(1));
        Assert.All(switches.Chunk(3), round => Assert.Equal(("epoll", "epoll"), (round[0].From, round[2].To)));
    }

    [Fact]
    public void Many_switches_at_once_all_succeed()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        using Talker talker = new(client, seed: 1);
        string[] wanted = [.. Enumerable.Range(0, 12).Select(i => Models.Available[i % Models.Available.Length])];
        Thread[] visitors = [.. wanted.Select(model => new Thread(() => server.Switch(model)))];
        Array.ForEach(visitors, visitor => visitor.Start());
        Assert.All(visitors, visitor => Assert.True(visitor.Join(Timing.Generous), "a switch was not answered"));

        talker.AwaitMore(3);
        talker.Stop();
        Assert.Equal(0, server.Status().GetProperty("connections").GetProperty("closed").GetInt64());
    }

    [Fact]
    public void A_switch_to_the_model_that_serves_changes_nothing()
    {
        using Server server = Server.Start("--model", "poll");
        Outcome outcome = Executable.RunBeside(server, "switch", "poll", "-p", $"{server.Port}");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Equal("already poll\n", outcome.Output);
        Assert.Equal(0, server.Status().GetProperty("switches").GetArrayLength());
    }

    [Fact]
    public void Its_json_has_all_fields()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("hello");
        Outcome outcome = Executable.RunBeside(server, "switch", "threads", "-p", $"{server.Port}", "--json");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        JsonElement report = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(["from", "to", "pauseMs", "connections"], report.EnumerateObject().Select(property => property.Name));
        Assert.Equal("epoll", report.GetProperty("from").GetString());
        Assert.Equal("threads", report.GetProperty("to").GetString());
        Assert.InRange(report.GetProperty("pauseMs").GetDouble(), 0, 60_000);
        Assert.Equal(1, report.GetProperty("connections").GetInt32());
    }

    [Fact]
    public void It_is_refused_once_the_server_is_stopping()
    {
        using Server server = Server.Start("--drain", "1h");
        using StuckClient stuck = new(server);
        using Visitor early = new(server);
        early.Say("switch ");
        server.Signal(Native.SIGTERM);
        server.AwaitLine("stopping");

        early.Say("threads\n");
        Assert.Equal(Refusal, early.Answer().GetProperty("error").GetString());
        Assert.Equal(Refusal, server.Ask("switch threads").GetProperty("error").GetString());
        Timing.Eventually(() => !Client.CanConnect(server), "the port is closed");
        Outcome late = Executable.RunBeside(server, "switch", "threads", "-p", $"{server.Port}");
        Assert.Equal(1, late.ExitCode);
        Assert.Contains(Refusal, Assert.Single(late.ErrorLines));
        Assert.Equal("epoll", server.Status().GetProperty("model").GetString());

        stuck.ReadAll();
        Assert.Equal(0, server.ExitCode());
        Assert.Empty(server.Said("switched from"));
    }

    /// <summary>Whatever comes first, a switch or the end: none is told, and none succeeds, once it has said that it stops.</summary>
    [Fact]
    public void None_succeeds_after_it_has_said_that_it_is_stopping()
    {
        for (int round = 0; round < 5; round++)
        {
            using Server server = Server.Start();
            string? refusal = null;
            Exception? failure = null;
            Thread visitor = new(() => failure = Record.Exception(() => refusal = SwitchUntilRefused(server)));
            using StuckClient stuck = new(server);
            visitor.Start();
            Timing.Eventually(() => server.Said("switched from").Length > 3, "it is switched again and again");
            server.Signal(Native.SIGTERM);
            Assert.True(visitor.Join(Timing.Generous), "a switch was not answered");
            stuck.ReadAllButTheEnd();
            Assert.Equal(0, server.ExitCode());

            Assert.Null(failure);
            Assert.Equal(Refusal, refusal);
            IEnumerable<string> after = server.Lines.SkipWhile(line => !line.Contains("stopping", StringComparison.Ordinal));
            Assert.DoesNotContain(after, line => line.Contains("switched", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_status_right_after_a_switch_tells_it()
    {
        using Server server = Server.Start();
        for (int i = 1; i <= 40; i++)
        {
            server.Switch(i % 2 == 0 ? "epoll" : "poll");
            Assert.Equal(i, Switches(server).Length);
        }
    }

    /// <summary>Asks for one model after the other.</summary>
    /// <returns>Why at last it was refused.</returns>
    private static string SwitchUntilRefused(Server server)
    {
        string[] models = ["threads", "poll", "signal", "epoll"];
        for (int i = 0; ; i++)
        {
            if (server.Ask($"switch {models[i % models.Length]}").TryGetProperty("error", out JsonElement error))
                return error.GetString()!;
        }
    }

    private static (string From, string To)[] Switches(Server server) =>
        [.. server.Status().GetProperty("switches").EnumerateArray().Select(one => (one.GetProperty("from").GetString()!, one.GetProperty("to").GetString()!))];

    private static Outcome[] AtOnce(Server server, params string[] models)
    {
        Outcome[] outcomes = new Outcome[models.Length];
        Thread[] threads = [.. models.Select((model, i) => new Thread(() =>
            outcomes[i] = Executable.RunBeside(server, "switch", model, "-p", $"{server.Port}")))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return outcomes;
    }

    /// <summary>A walk over all models that takes every step from one to another exactly once (Hierholzer's algorithm).</summary>
    private static string[] Round(string[] models, Random random)
    {
        Dictionary<string, Stack<string>> steps = models.ToDictionary(model => model, model =>
        {
            string[] others = [.. models.Where(other => other != model)];
            random.Shuffle(others);
            return new Stack<string>(others);
        });
        Stack<string> path = new([models[random.Next(models.Length)]]);
        List<string> round = [];
        while (path.TryPeek(out string? here))
        {
            if (steps[here].TryPop(out string? next))
                path.Push(next);
            else
                round.Add(path.Pop());
        }

        round.Reverse();
        return [.. round];
    }
}
