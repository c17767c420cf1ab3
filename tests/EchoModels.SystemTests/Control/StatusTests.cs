using System.Globalization;
using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>A status reports what was done, and nothing else.</summary>
public sealed class StatusTests
{
    private static readonly string[] Fields =
    [
        "model", "selector", "uptimeSeconds", "connections", "receives", "ownReceives", "bytesIn", "bytesOut", "calls", "wouldBlocks",
        "signals", "wakeups", "threads", "cpuUserSeconds", "cpuSystemSeconds", "rssBytes", "switches", "processId", "endPoints", "options", "sinceSwitch", "children",
    ];

    [Slow, Fact]
    public void It_keeps_the_last_1000_switches()
    {
        using Server server = Server.Start("--model", "poll");
        for (int i = 0; i < 1_005; i++)
        {
            using ControlClient control = new(server);
            control.Send(i % 2 == 0 ? "switch epoll\n" : "switch poll\n");
            Assert.Equal(i % 2 == 0 ? "epoll" : "poll", control.ReadAnswer().GetProperty("to").GetString());
        }

        JsonElement[] switches = [.. Json(server).GetProperty("switches").EnumerateArray()];
        Assert.Equal(1_000, switches.Length);
        Assert.Equal("poll", switches[0].GetProperty("to").GetString()); // the sixth
        Assert.Equal("epoll", switches[^1].GetProperty("to").GetString());
        server.End();
    }

    [MainCase, Theory]
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
        if (model == "process") // its children receive, and their receives are not counted
            Assert.True(IsUnknown(status.EnumerateObject().Single(field => field.Name == "receives")));
        else
            Assert.Equal(11, Number(status, "receives"));

        JsonElement calls = status.GetProperty("calls");
        switch (model)
        {
            case "process":
                Assert.Equal((0, 0), (Number(calls, "recv"), Number(calls, "send")));
                Assert.InRange(Number(calls, "accept"), 2, 3); // a blocking accept is counted when it returns
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
                if (model != "busy-poll") // it continues to poll during the status request
                    Assert.Equal(14 + Number(status, "wouldBlocks"), Number(calls, "accept") + Number(calls, "recv"));
                break;
        }
    }

    [Slow, Fact]
    public void Counts_of_calls_that_the_runtime_makes_are_unknown_for_the_rest_of_the_run()
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

    [Slow, Fact]
    public void Signals_are_shown_only_if_there_were_some()
    {
        using Server server = Server.Start("--model", "signal");
        using Client client = new(server);
        for (int i = 0; i < 20; i++)
            client.Echo("hello");

        JsonElement status = server.Status();
        Assert.InRange(Number(status, "signals"), 20, 60); // one for the client and one for each message; the first message may have arrived with the client
        Assert.Matches(@"(?m)^signals +\d+ collected$", Executable.RunBeside(server, "status", "-p", $"{server.Port}").Output);
        Assert.Matches(@"; signals \d+", server.End());

        using Server other = Server.Start("--model", "epoll");
        Assert.Equal(0, Number(other.Status(), "signals"));
        Assert.DoesNotContain("signals", Executable.RunBeside(other, "status", "-p", $"{other.Port}").Output);
        Assert.DoesNotContain("signals", other.End());
    }

    /// <summary>Each segment sends a signal; a server that is busy receives several segments with one call.</summary>
    [Slow, Fact]
    public void Segments_in_quick_succession_send_more_signals_than_there_are_receives()
    {
        using Server server = Server.Start("--model", "signal");
        using Client client = new(server);
        client.Echo("hello");
        server.Signal(Native.SIGSTOP);
        Limit.Until(() => ProcessUsage.Field(server.Id, "State").StartsWith('T'), "it is stopped");
        for (int i = 0; i < 20; i++)
        {
            client.Send("0123456789"u8);
            Limit.Until(() => Native.Unacknowledged(client.Socket) == 0, "it has arrived");
        }

        server.Signal(Native.SIGCONT);
        for (int i = 0; i < 20; i++)
            client.Expect("0123456789"u8);

        Limit.Until(() => Number(server.Status(), "signals") >= 21, "a signal for the client, and one for each segment");
        Assert.InRange(Number(server.Status(), "receives"), 2, 10);
    }

    [Slow, Fact]
    public void The_bytes_of_child_processes_are_counted_and_their_messages_are_unknown()
    {
        using Server server = Server.Start("--model", "epoll", "--greeting", "hi", "--reply", "suffix:!");
        using Client own = new(server);
        own.Expect("hi"u8);
        own.Send("one"u8);
        own.Expect("one!"u8);
        server.Switch("process");
        using Client withChild = new(server);
        withChild.Expect("hi"u8);
        JsonElement before = Json(server);
        Assert.Equal((1, 1, 3, 8), (Number(before, "receives"), Number(before, "ownReceives"), Number(before, "bytesIn"), Number(before, "bytesOut")));

        withChild.Send("three"u8);
        withChild.Expect("three!"u8);
        JsonElement after = Json(server);
        Assert.Equal(JsonValueKind.Null, after.GetProperty("receives").ValueKind);
        Assert.Equal((1, 8, 14), (Number(after, "ownReceives"), Number(after, "bytesIn"), Number(after, "bytesOut")));

        Outcome outcome = Executable.RunBeside(server, "status", "-p", $"{server.Port}");
        Assert.Matches(@"(?m)^children +2 processes, \d+\.\d\d s user, \d+\.\d\d s system, \d+\.\d MiB resident$", outcome.Output);
        Assert.Matches(@"(?m)^traffic +1 message besides those of child processes \(not known\), 8 bytes in, 14 bytes out$", outcome.Output);
        Assert.Matches(@"(?m)^calls .*; those of child processes are not known$", outcome.Output);

        string name = withChild.Name;
        withChild.Dispose();
        Assert.Matches(@": peer closed, after 5 bytes in, 8 bytes out; its child process \d+ has ended$", server.AwaitLine($"closed {name}"));
        Assert.Contains("served 2 connections, 1 message besides those of child processes (not known), 8 bytes in, 14 bytes out; calls of the server itself: ", server.End());
    }

    [MainCase, Fact]
    public void Its_json_has_all_fields_and_plausible_values()
    {
        using Server server = Server.Start();
        JsonElement status = Json(server);

        Assert.Equal(Fields, status.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["open", "accepted", "closed", "queued", "owing", "children", "unsent", "unsentBytes"], status.GetProperty("connections").EnumerateObject().Select(property => property.Name));
        Assert.Equal(["accept", "recv", "send", "wait", "control", "wake", "enter", "await"], status.GetProperty("calls").EnumerateObject().Select(property => property.Name));
        Assert.InRange(status.GetProperty("uptimeSeconds").GetDouble(), 0.001, 600);
        Assert.InRange(Number(status, "threads"), 2, 200);
        Assert.InRange(Number(status, "rssBytes"), 5_000_000, 1_000_000_000);
        Assert.InRange(status.GetProperty("cpuUserSeconds").GetDouble() + status.GetProperty("cpuSystemSeconds").GetDouble(), 0.001, 60);
        Assert.Equal("epoll", status.GetProperty("selector").GetString());
        server.Switch("threads");
        Assert.Equal(JsonValueKind.Null, Json(server).GetProperty("selector").ValueKind);
    }

    [MainCase, Slow, Fact]
    public void Memory_threads_and_CPU_time_agree_with_proc()
    {
        using Server server = Server.Start();
        JsonElement status = server.Status();

        double seconds = status.GetProperty("cpuUserSeconds").GetDouble() + status.GetProperty("cpuSystemSeconds").GetDouble();
        Assert.InRange(seconds, ProcessUsage.CpuSeconds(server.Id) - 0.3, ProcessUsage.CpuSeconds(server.Id) + 0.05);
        long resident = 1024 * long.Parse(ProcessUsage.Field(server.Id, "VmRSS").Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.InRange(Number(status, "rssBytes"), resident / 2, resident * 2);
        Assert.InRange(Number(status, "threads"), int.Parse(ProcessUsage.Field(server.Id, "Threads"), CultureInfo.InvariantCulture) - 5, 200);
    }

    [Slow, Fact]
    public void It_counts_connections_with_unsent_bytes_and_clients_that_wait()
    {
        using Server server = Server.Start("--model", "epoll");
        using StuckClient stuck = new(server);
        Assert.Equal((1, 1, 0, 0, 1), Connections(server.Status()));
        stuck.ReadAllBytes();
        Limit.Until(() => Connections(server.Status()) == (1, 1, 0, 0, 0), "no connection has unsent bytes");

        server.Switch("blocking");
        using ClientGroup waiting = new(server, 3);
        Limit.Until(() => Connections(server.Status()) == (1, 1, 0, 3, 0), "three clients wait");
    }

    [MainCase, Fact]
    public void As_text_it_has_lines_with_the_same_numbers()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("hello");
        Outcome outcome = Executable.RunBeside(server, "status", "-p", $"{server.Port}");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Empty(outcome.Error);
        Assert.Matches(@"(?m)^model +epoll", outcome.Output);
        Assert.Matches(@"(?m)^connections +1 open, 1 accepted, 0 closed, 0 queued, 0 with unsent bytes$", outcome.Output);
        Assert.Matches(@"(?m)^traffic +1 message, 5 bytes in, 5 bytes out$", outcome.Output);
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

    private static (long Open, long Accepted, long Closed, long Queued, long Unsent) Connections(JsonElement status)
    {
        JsonElement counts = status.GetProperty("connections");
        return (Number(counts, "open"), Number(counts, "accepted"), Number(counts, "closed"), Number(counts, "queued"), Number(counts, "unsent"));
    }
}
