using System.Globalization;
using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>A snapshot tells what was done, and nothing that was not.</summary>
public sealed class StatusTests
{
    private static readonly string[] Fields =
    [
        "model", "selector", "uptimeSeconds", "connections", "receives", "ownReceives", "bytesIn", "bytesOut", "calls", "wouldBlocks",
        "signals", "wakeups", "threads", "cpuUserSeconds", "cpuSystemSeconds", "rssBytes", "switches",
    ];

    [Fact]
    public void It_remembers_the_last_1000_switches()
    {
        using Server server = Server.Start("--model", "poll");
        for (int i = 0; i < 1_005; i++)
        {
            using Visitor visitor = new(server);
            visitor.Say(i % 2 == 0 ? "switch epoll\n" : "switch poll\n");
            Assert.Equal(i % 2 == 0 ? "epoll" : "poll", visitor.Answer().GetProperty("to").GetString());
        }

        JsonElement[] switches = [.. Json(server).GetProperty("switches").EnumerateArray()];
        Assert.Equal(1_000, switches.Length);
        Assert.Equal("poll", switches[0].GetProperty("to").GetString()); // the sixth
        Assert.Equal("epoll", switches[^1].GetProperty("to").GetString());
        server.End();
    }

    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Its_counters_agree_with_the_traffic(string model)
    {
        using Server server = Server.Start("--model", model);
        using Client leaver = new(server);
        leaver.Echo("12345");
        leaver.Dispose();
        server.AwaitLine("closed");
        using Client stayer = new(server);
        for (int i = 0; i < 10; i++)
            stayer.Echo("1234567890");

        JsonElement status = Json(server);
        Assert.Equal(model, status.GetProperty("model").GetString());
        Assert.Equal((1, 2, 1, 0, 0), Connections(status));
        Assert.Equal((105, 105), (Number(status, "bytesIn"), Number(status, "bytesOut")));
        Assert.Equal(model == "process" ? 0 : 11, Number(status, "ownReceives"));
        if (model == "process") // whose children are the ones that receive, and do not say how often
            Assert.True(IsUnknown(status.EnumerateObject().Single(field => field.Name == "receives")));
        else
            Assert.Equal(11, Number(status, "receives"));

        JsonElement calls = status.GetProperty("calls");
        switch (model)
        {
            case "process":
                Assert.Equal((0, 0), (Number(calls, "recv"), Number(calls, "send")));
                Assert.InRange(Number(calls, "accept"), 2, 3); // a blocking one is counted when it returns
                break;
            case "io-uring":
                Assert.Equal((0, 0, 0), (Number(calls, "accept"), Number(calls, "recv"), Number(calls, "send")));
                Assert.InRange(Number(calls, "enter"), 11, long.MaxValue);
                break;
            case "async":
                Assert.Equal(11, Number(calls, "send"));
                Assert.InRange(Number(calls, "recv"), 12, long.MaxValue);
                Assert.InRange(Number(calls, "await"), 14, long.MaxValue);
                Assert.Equal(["accept", "wait", "control"], calls.EnumerateObject().Where(IsUnknown).Select(call => call.Name));
                Assert.Equal(JsonValueKind.Null, status.GetProperty("wouldBlocks").ValueKind);
                break;
            default:
                Assert.Equal(11, Number(calls, "send"));
                Assert.InRange(Number(calls, "accept"), 2, long.MaxValue);
                Assert.InRange(Number(calls, "recv"), 12, long.MaxValue);
                if (model != "busy-poll") // which goes on asking while it is asked
                    Assert.Equal(14 + Number(status, "wouldBlocks"), Number(calls, "accept") + Number(calls, "recv"));
                break;
        }
    }

    [Fact]
    public void What_the_runtime_does_by_itself_is_not_known_for_the_rest_of_the_run()
    {
        using Server server = Server.Start("--model", "epoll");
        Assert.DoesNotContain(server.Status().GetProperty("calls").EnumerateObject(), IsUnknown);
        server.Switch("async");
        server.Switch("epoll");

        Outcome outcome = Executable.RunBeside(server, "status", "-p", $"{server.Port}");
        Assert.Matches(@"(?m)^calls +accept -, recv 0, send 0, wait -, control -, wake \d+, enter 0, await 1$", outcome.Output);
        Assert.Matches(@"(?m)^would-blocks +-$", outcome.Output);
        Assert.Matches(@"(?m)^- +not known: ", outcome.Output);
        Assert.Matches("; - is not known: ", server.End());
    }

    [Fact]
    public void Signals_are_shown_where_there_were_some_and_nowhere_else()
    {
        using Server server = Server.Start("--model", "signal");
        using Client client = new(server);
        for (int i = 0; i < 20; i++)
            client.Echo("hello");

        JsonElement status = server.Status();
        Assert.InRange(Number(status, "signals"), 20, 60); // the client's own and one a message; its first may have come with it
        Assert.Matches(@"(?m)^signals +\d+ collected$", Executable.RunBeside(server, "status", "-p", $"{server.Port}").Output);
        Assert.Matches(@"; signals \d+", server.End());

        using Server other = Server.Start("--model", "epoll");
        Assert.Equal(0, Number(other.Status(), "signals"));
        Assert.DoesNotContain("signals", Executable.RunBeside(other, "status", "-p", $"{other.Port}").Output);
        Assert.DoesNotContain("signals", other.End());
    }

    /// <summary>Each segment sends a signal; whoever is busy meanwhile takes several of them by one receive.</summary>
    [Fact]
    public void Segments_that_come_close_upon_each_other_are_more_signals_than_receives()
    {
        using Server server = Server.Start("--model", "signal");
        using Client client = new(server);
        client.Echo("hello");
        server.Signal(Native.SIGSTOP);
        Timing.Eventually(() => Processor.Field(server.Id, "State").StartsWith('T'), "it is stopped");
        for (int i = 0; i < 20; i++)
        {
            client.Send("0123456789"u8);
            Timing.Eventually(() => Native.Unacknowledged(client.Socket) == 0, "it has arrived");
        }

        server.Signal(Native.SIGCONT);
        for (int i = 0; i < 20; i++)
            client.Expect("0123456789"u8);

        Timing.Eventually(() => Number(server.Status(), "signals") >= 21, "a signal for the client, and one for each segment");
        Assert.InRange(Number(server.Status(), "receives"), 2, 10);
    }

    [Fact]
    public void The_bytes_of_children_are_counted_and_their_messages_are_not_known()
    {
        using Server server = Server.Start("--model", "epoll", "--greeting", "hi", "--reply", "suffix:!");
        using Client own = new(server);
        own.Expect("hi"u8);
        own.Send("one"u8);
        own.Expect("one!"u8);
        server.Switch("process");
        using Client its = new(server);
        its.Expect("hi"u8);
        JsonElement before = Json(server);
        Assert.Equal((1, 1, 3, 8), (Number(before, "receives"), Number(before, "ownReceives"), Number(before, "bytesIn"), Number(before, "bytesOut")));

        its.Send("three"u8);
        its.Expect("three!"u8);
        JsonElement after = Json(server);
        Assert.Equal(JsonValueKind.Null, after.GetProperty("receives").ValueKind);
        Assert.Equal((1, 8, 14), (Number(after, "ownReceives"), Number(after, "bytesIn"), Number(after, "bytesOut")));

        Outcome outcome = Executable.RunBeside(server, "status", "-p", $"{server.Port}");
        Assert.Matches(@"(?m)^children +2 processes with a connection each$", outcome.Output);
        Assert.Matches(@"(?m)^traffic +1 messages besides those of child processes \(not known\), 8 bytes in, 14 bytes out$", outcome.Output);
        Assert.Matches(@"(?m)^calls .*; those of child processes are not known$", outcome.Output);

        string name = its.Name;
        its.Dispose();
        Assert.Matches(@": peer closed, after 5 bytes in, 8 bytes out; its child process \d+ has ended$", server.AwaitLine($"closed {name}"));
        Assert.Contains("served 2 connections, 1 messages besides those of child processes (not known), 8 bytes in, 14 bytes out; calls of the server itself: ", server.End());
    }

    [Fact]
    public void Its_json_has_all_fields_and_sound_values()
    {
        using Server server = Server.Start();
        JsonElement status = Json(server);

        Assert.Equal(Fields, status.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["open", "accepted", "closed", "queued", "owing", "children"], status.GetProperty("connections").EnumerateObject().Select(property => property.Name));
        Assert.Equal(["accept", "recv", "send", "wait", "control", "wake", "enter", "await"], status.GetProperty("calls").EnumerateObject().Select(property => property.Name));
        Assert.InRange(status.GetProperty("uptimeSeconds").GetDouble(), 0.001, 600);
        Assert.InRange(Number(status, "threads"), 2, 200);
        Assert.InRange(Number(status, "rssBytes"), 10_000_000, 1_000_000_000);
        Assert.InRange(status.GetProperty("cpuUserSeconds").GetDouble() + status.GetProperty("cpuSystemSeconds").GetDouble(), 0.01, 60);
        Assert.Equal("epoll", status.GetProperty("selector").GetString());
        server.Switch("threads");
        Assert.Equal(JsonValueKind.Null, Json(server).GetProperty("selector").ValueKind);
    }

    [Fact]
    public void Memory_threads_and_processor_time_are_those_of_proc()
    {
        using Server server = Server.Start();
        JsonElement status = server.Status();

        double seconds = status.GetProperty("cpuUserSeconds").GetDouble() + status.GetProperty("cpuSystemSeconds").GetDouble();
        Assert.InRange(seconds, Processor.Seconds(server.Id) - 0.3, Processor.Seconds(server.Id) + 0.05);
        long resident = 1024 * long.Parse(Processor.Field(server.Id, "VmRSS").Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.InRange(Number(status, "rssBytes"), resident / 2, resident * 2);
        Assert.InRange(Number(status, "threads"), int.Parse(Processor.Field(server.Id, "Threads"), CultureInfo.InvariantCulture) - 5, 200);
    }

    [Fact]
    public void It_tells_who_is_owed_and_who_waits_at_the_door()
    {
        using Server server = Server.Start("--model", "epoll");
        using StuckClient stuck = new(server);
        Assert.Equal((1, 1, 0, 0, 1), Connections(server.Status()));
        stuck.ReadAllButTheEnd();
        Timing.Eventually(() => Connections(server.Status()) == (1, 1, 0, 0, 0), "nothing is owed any more");

        server.Switch("blocking");
        using Crowd waiting = new(server, 3);
        Timing.Eventually(() => Connections(server.Status()) == (1, 1, 0, 3, 0), "three wait at the door");
    }

    [Fact]
    public void For_people_it_is_lines_with_the_same_numbers()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("hello");
        Outcome outcome = Executable.RunBeside(server, "status", "-p", $"{server.Port}");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Empty(outcome.Error);
        Assert.Matches(@"(?m)^model +epoll", outcome.Output);
        Assert.Matches(@"(?m)^connections +1 open, 1 accepted, 0 closed, 0 queued, 0 owing$", outcome.Output);
        Assert.Matches(@"(?m)^traffic +1 messages, 5 bytes in, 5 bytes out$", outcome.Output);
        Assert.DoesNotContain('\u001b', outcome.Output);
    }

    private static JsonElement Json(Server server)
    {
        Outcome outcome = Executable.RunBeside(server, "status", "-p", $"{server.Port}", "--json");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        return JsonDocument.Parse(outcome.Output).RootElement;
    }

    private static bool IsUnknown(JsonProperty property) => property.Value.ValueKind == JsonValueKind.Null;

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();

    private static (long Open, long Accepted, long Closed, long Queued, long Owing) Connections(JsonElement status)
    {
        JsonElement counts = status.GetProperty("connections");
        return (Number(counts, "open"), Number(counts, "accepted"), Number(counts, "closed"), Number(counts, "queued"), Number(counts, "owing"));
    }
}
