using System.Diagnostics;
using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>The model is switched under open connections; no client notices, and the log reports it.</summary>
public sealed class SwitchTests
{
    private const string Refusal = "the server is stopping";

    [MainCase, Slow, Fact]
    public void Every_ordered_pair_of_models_keeps_a_connection_under_traffic_byte_for_byte()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        Random random = new(seed);
        string[] walk = Walk(Models.HandingOver, random);
        using Server server = Server.Start("--model", walk[0]);
        using Client client = new(server);
        using BackgroundClient background = new(client, random.Next());

        for (int i = 1; i < walk.Length; i++)
        {
            Outcome outcome = Executable.RunBeside(server, "switch", walk[i], "-p", $"{server.Port}");
            Assert.True(outcome.ExitCode == 0, outcome.Everything);
            Assert.Matches($@"^switched from {walk[i - 1]}( \(.+\))? to {walk[i]}( \(.+\))?: 1 connection kept", outcome.Output);
            background.AwaitMore(3);
        }

        background.Stop();
        JsonElement status = server.Status();
        JsonElement[] switches = [.. status.GetProperty("switches").EnumerateArray()];
        Assert.Equal(walk.Zip(walk.Skip(1)), Switches(server));
        Assert.Equal(Models.HandingOver.Length * (Models.HandingOver.Length - 1), switches.Length);
        Assert.All(switches, one => Assert.Equal(1, one.GetProperty("connections").GetInt32()));
        Assert.Equal(0, status.GetProperty("connections").GetProperty("closed").GetInt64());
        Assert.Equal(background.Bytes, status.GetProperty("bytesIn").GetInt64());
        Assert.Equal(background.Bytes, status.GetProperty("bytesOut").GetInt64());
        Assert.Equal(switches.Length, server.LinesMatching("switched from").Length);
    }

    [Slow, Fact]
    public void A_child_keeps_its_connection_through_every_switch_byte_for_byte()
    {
        using Server server = Server.Start("--model", "process");
        using Client first = new(server);
        using BackgroundClient background = new(first, seed: 3);
        background.AwaitMore(3);
        int others = 0;
        foreach (string model in Models.HandingOver)
        {
            server.Switch(model);
            background.AwaitMore(3);
            using Client other = new(server);
            other.Echo("12345");
            others++;
            other.Dispose();
            Limit.Until(() => server.LinesMatching(": peer closed, after 1 message, 5 bytes$").Length == others, "the other client's connection is closed");
        }

        background.Stop();
        JsonElement status = server.Status();
        JsonElement connections = status.GetProperty("connections");
        Assert.Equal((1, 1), (connections.GetProperty("open").GetInt32(), connections.GetProperty("children").GetInt32()));
        Assert.Equal(background.Bytes + (5 * others), status.GetProperty("bytesIn").GetInt64());
        Assert.Equal(background.Bytes + (5 * others), status.GetProperty("bytesOut").GetInt64());
        Assert.Equal(others, status.GetProperty("ownReceives").GetInt64());
        Assert.All(status.GetProperty("switches").EnumerateArray(), one => Assert.Equal(0, one.GetProperty("connections").GetInt32()));

        string name = first.Name;
        first.Dispose();
        Assert.Contains($": peer closed, after {Models.Count(background.Bytes, "byte")} in, {Models.Count(background.Bytes, "byte")} out; its child process ", server.AwaitLine($"closed {name}"));
    }

    [Slow, Fact]
    public void Two_concurrent_switches_are_made_one_after_the_other()
    {
        using Server server = Server.Start("--model", "epoll");
        using Client client = new(server);
        client.Echo("before");
        for (int round = 0; round < 5; round++)
        {
            Outcome[] outcomes = Concurrently(server, "threads", "select");
            Assert.All(outcomes, outcome => Assert.True(outcome.ExitCode == 0, outcome.Everything));
            client.Echo("after");
            server.Switch("epoll");
        }

        // Each begins with the model with which the previous one ended: from epoll to one, from there to the other, and back.
        (string From, string To)[] switches = Switches(server);
        Assert.Equal(15, switches.Length);
        Assert.Equal(switches.Select(one => one.From).Skip(1), switches.Select(one => one.To).SkipLast(1));
        Assert.All(switches.Chunk(3), round => Assert.Equal(("epoll", "epoll"), (round[0].From, round[2].To)));
    }

    [Slow, Fact]
    public void Many_concurrent_switches_all_succeed()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        using BackgroundClient background = new(client, seed: 1);
        string[] wanted = [.. Enumerable.Range(0, 12).Select(i => Models.Available[i % Models.Available.Length])];
        Thread[] switching = [.. wanted.Select(model => new Thread(() => server.Switch(model)))];
        Array.ForEach(switching, thread => thread.Start());
        Assert.All(switching, thread => Assert.True(thread.Join(Limit.Generous), "a switch was not answered"));

        background.AwaitMore(3);
        background.Stop();
        Assert.Equal(0, server.Status().GetProperty("connections").GetProperty("closed").GetInt64());
    }

    [Fact]
    public void A_switch_to_the_serving_model_changes_nothing()
    {
        using Server server = Server.Start("--model", "poll");
        Outcome outcome = Executable.RunBeside(server, "switch", "poll", "-p", $"{server.Port}");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.StartsWith($"already poll; 127.0.0.1:{server.Port} ", outcome.Output);
        Assert.Equal(0, server.Status().GetProperty("switches").GetArrayLength());
    }

    [MainCase, Fact]
    public void Its_json_has_all_fields()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("hello");
        long begun = Stopwatch.GetTimestamp();
        Outcome outcome = Executable.RunBeside(server, "switch", "threads", "-p", $"{server.Port}", "--json");
        double runMs = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        JsonElement report = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(["from", "to", "pauseMs", "connections", "fromOptions", "toOptions", "processId", "endPoints"], report.EnumerateObject().Select(property => property.Name));
        Assert.Equal("epoll", report.GetProperty("from").GetString());
        Assert.Equal("threads", report.GetProperty("to").GetString());
        Assert.InRange(report.GetProperty("pauseMs").GetDouble(), double.Epsilon, runMs); // the pause is a part of the run
        Assert.Equal(1, report.GetProperty("connections").GetInt32());
        Assert.Equal(server.Id, report.GetProperty("processId").GetInt32());
    }

    [Slow, Fact]
    public void It_is_refused_once_the_server_is_stopping()
    {
        using Server server = Server.Start("--drain", "1h");
        using StuckClient stuck = new(server);
        using ControlClient early = new(server);
        early.Send("switch ");
        server.Signal(Native.SIGTERM);
        server.AwaitLine("stopping");

        early.Send("threads\n");
        Assert.Equal(Refusal, early.ReadAnswer().GetProperty("error").GetString());
        Assert.Equal(Refusal, server.Request("switch threads").GetProperty("error").GetString());
        Limit.Until(() => !Client.CanConnect(server), "the port is closed");
        Outcome late = Executable.RunBeside(server, "switch", "threads", "-p", $"{server.Port}");
        Assert.Equal(1, late.ExitCode);
        Assert.Contains(Refusal, Assert.Single(late.ErrorLines));
        Assert.Equal("epoll", server.Status().GetProperty("model").GetString());

        stuck.ReadToEnd();
        Assert.Equal(0, server.ExitCode());
        Assert.Empty(server.LinesMatching("switched from"));
    }

    /// <summary>Once the server has reported that it stops, no switch is reported, and none succeeds.</summary>
    [Slow, Fact]
    public void None_succeeds_after_the_report_that_it_is_stopping()
    {
        for (int round = 0; round < 5; round++)
        {
            using Server server = Server.Start();
            string? refusal = null;
            Exception? failure = null;
            Thread switching = new(() => failure = Record.Exception(() => refusal = SwitchUntilRefused(server)));
            using StuckClient stuck = new(server);
            switching.Start();
            Limit.Until(() => server.LinesMatching("switched from").Length > 3, "it is switched again and again");
            server.Signal(Native.SIGTERM);
            Assert.True(switching.Join(Limit.Generous), "a switch was not answered");
            stuck.ReadAllBytes();
            Assert.Equal(0, server.ExitCode());

            Assert.Null(failure);
            Assert.Equal(Refusal, refusal);
            IEnumerable<string> after = server.Lines.SkipWhile(line => !line.Contains("stopping", StringComparison.Ordinal));
            Assert.DoesNotContain(after, line => line.Contains("switched", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_status_right_after_a_switch_reports_it()
    {
        using Server server = Server.Start();
        for (int i = 1; i <= 40; i++)
        {
            server.Switch(i % 2 == 0 ? "epoll" : "poll");
            Assert.Equal(i, Switches(server).Length);
        }
    }

    /// <summary>Requests one model after the other.</summary>
    /// <returns>The reason of the first refusal.</returns>
    private static string SwitchUntilRefused(Server server)
    {
        string[] models = ["threads", "poll", "signal", "epoll"];
        for (int i = 0; ; i++)
        {
            if (server.Request($"switch {models[i % models.Length]}").TryGetProperty("error", out JsonElement error))
                return error.GetString()!;
        }
    }

    private static (string From, string To)[] Switches(Server server) =>
        [.. server.Status().GetProperty("switches").EnumerateArray().Select(one => (one.GetProperty("from").GetString()!, one.GetProperty("to").GetString()!))];

    private static Outcome[] Concurrently(Server server, params string[] models)
    {
        Outcome[] outcomes = new Outcome[models.Length];
        Thread[] threads = [.. models.Select((model, i) => new Thread(() =>
            outcomes[i] = Executable.RunBeside(server, "switch", model, "-p", $"{server.Port}")))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return outcomes;
    }

    /// <summary>A walk over all models with every step from one to another exactly once (Hierholzer's algorithm).</summary>
    private static string[] Walk(string[] models, Random random)
    {
        Dictionary<string, Stack<string>> steps = models.ToDictionary(model => model, model =>
        {
            string[] others = [.. models.Where(other => other != model)];
            random.Shuffle(others);
            return new Stack<string>(others);
        });
        Stack<string> path = new([models[random.Next(models.Length)]]);
        List<string> walk = [];
        while (path.TryPeek(out string? here))
        {
            if (steps[here].TryPop(out string? next))
                path.Push(next);
            else
                walk.Add(path.Pop());
        }

        walk.Reverse();
        return [.. walk];
    }
}
