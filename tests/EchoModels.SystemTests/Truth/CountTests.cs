using System.Text.Json;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Truth;

/// <summary>The counters are honest: over a whole run they agree with strace to the call, or they say that they do not know.</summary>
public sealed class CountTests
{
    private const int Clients = 3;
    private const int Messages = 10;
    private const int Bytes = Clients * Messages * 9;

    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void The_server_counts_what_strace_counts(string model)
    {
        (Trace trace, string summary, JsonElement status) = Watch(model);

        AssertCalls(model, trace, summary);
        AssertSnapshot(model, status, summary);
        AssertTraffic(model, trace, status, summary);
    }

    /// <summary>Two of the clients are still there when it is told to stop: to say goodbye to them takes calls of its own.</summary>
    [Theory]
    [InlineData("blocking", "--port", "0")]
    [InlineData("threads")]
    [InlineData("select")]
    [InlineData("epoll", "--trigger", "edge")]
    [InlineData("epoll", "--loops", "3")]
    [InlineData("epoll", "--spin", "1ms")]
    [InlineData("signal")]
    [InlineData("io-uring", "--loops", "2")]
    public void So_it_does_when_it_serves_in_another_way_and_says_goodbye(string model, params string[] arguments)
    {
        int stay = model == "blocking" ? 1 : 2; // as it serves one
        (Trace trace, string summary, _) = Watch(model, arguments, stay);
        AssertCalls(model, trace, summary);
    }

    /// <summary>Each receive follows an await: for the client, or for bytes of it. One more waits for a client who never comes.</summary>
    [Fact]
    public void Async_counts_what_it_asks_of_the_runtime()
    {
        (Trace trace, string summary, _) = Watch("async");
        Assert.Equal($"{trace.Tcp.Count(call => call.Name == "recvfrom" && !call.IsPeek) + 1}", Said(summary, "await"));
    }

    /// <summary>The last one tells it to stop, after the snapshot.</summary>
    [Fact]
    public void Signals_are_those_that_sigtimedwait_returned()
    {
        (Trace trace, string summary, JsonElement status) = Watch("signal");
        SystemCall[] collected = [.. trace.Calls.Where(call => call.Name == "rt_sigtimedwait" && call.Result > 0)];

        Assert.Equal($"{collected.Length}", Said(summary, "signals"));
        Assert.Equal(collected.Length - 1, status.GetProperty("signals").GetInt64());
    }

    /// <summary>The kernel does it: whoever looks for accept, recv and send sees none, and is told of none.</summary>
    [Fact]
    public void Where_the_kernel_does_the_work_there_are_no_calls_to_count()
    {
        Assert.Contains("io-uring", Models.Available);
        (Trace trace, string summary, _) = Watch("io-uring");
        foreach ((string call, string name) in (ReadOnlySpan<(string, string)>)[("accept4", "accept"), ("recvfrom", "recv"), ("sendto", "send")])
            Assert.Equal((0, "0"), (Count(trace, call), Said(summary, name)));
    }

    private static void AssertCalls(string model, Trace trace, string summary)
    {
        // What a child process calls is not the server's; cat reads and writes, and neither waits nor accepts.
        Dictionary<string, int> seen = new()
        {
            ["accept"] = Count(trace, "accept4"),
            ["recv"] = trace.Tcp.Count(call => call.Name == "recvfrom" && !call.IsPeek), // only the runtime peeks
            ["send"] = Count(trace, "sendto"),
            ["wait"] = trace.Calls.Count(call => call.IsWait && call.Error != "EBADF" && IsByServer(trace, call)), // EBADF: only a trial
            ["control"] = trace.Calls.Count(call => call.Name == "epoll_ctl"),
            ["wake"] = trace.Calls.Count(call => call.IsWake),
            ["enter"] = trace.Calls.Count(call => call.Name == "io_uring_enter"),
            ["would-blocks"] = trace.Tcp.Count(call => call.Error == "EAGAIN"),
        };
        string[] unknown = model == "async" ? ["accept", "wait", "control", "would-blocks"] : []; // the runtime calls them, too
        foreach ((string name, int count) in seen)
            Assert.Equal((name, unknown.Contains(name) ? "-" : $"{count}"), (name, Said(summary, name)));

        seen["wait"] = trace.Calls.Count(call => call.IsWait); // it has a thread for it that does nothing else
        Assert.All(unknown, name => Assert.True(seen[name] > 0, $"there is no {name} in {model}, and that is known"));
    }

    /// <summary>By a thread that serves, or by the first one, which says goodbye.</summary>
    private static bool IsByServer(Trace trace, SystemCall call) =>
        trace.ServingThreads.Contains(call.Thread) || call.Thread == trace.Calls[0].Thread;

    /// <summary>A snapshot taken when there is nothing more to do tells what the summary tells, but for letting go.</summary>
    private static void AssertSnapshot(string model, JsonElement status, string summary)
    {
        string[] changing = model switch
        {
            "busy-poll" => ["recv"], // it went on asking after the snapshot
            "io-uring" => ["enter"], // once more, to take back what it had asked for
            _ => [],
        };
        foreach (string name in ((string[])["recv", "send", "enter"]).Except(changing))
            Assert.Equal((name, Said(summary, name)), (name, status.GetProperty("calls").GetProperty(name).GetRawText()));
    }

    private static void AssertTraffic(string model, Trace trace, JsonElement status, string summary)
    {
        Assert.Contains($"served {Clients} connections, {Models.Messages(model, Clients * Messages)}, {Bytes} bytes in, {Bytes} bytes out;", summary);
        Assert.Equal(model == "process" ? "null" : $"{Clients * Messages}", status.GetProperty("receives").GetRawText());
        Assert.Equal((Bytes, Bytes), (status.GetProperty("bytesIn").GetInt32(), status.GetProperty("bytesOut").GetInt32()));
        if (model != "io-uring") // where the kernel moves them, and strace sees none
        {
            (string receive, string send) = model == "process" ? ("read", "write") : ("recvfrom", "sendto"); // as cat does
            Assert.Equal(Bytes, trace.Tcp.Where(call => call.Name == receive && !call.IsPeek && call.Result > 0).Sum(call => call.Result));
            Assert.Equal(Bytes, trace.Tcp.Where(call => call.Name == send).Sum(call => call.Result));
        }
    }

    /// <summary>A whole run under strace, with the snapshot after the last client has left and the line that sums it up.</summary>
    private static (Trace Trace, string Summary, JsonElement Status) Watch(string model, string[]? arguments = null, int stay = 0)
    {
        using RuntimeDirectory directory = new();
        string file = Path.Combine(directory.Path, "trace");
        using Server server = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", "0", "-m", model, .. arguments ?? []],
            Wrapper = Strace.Command(file, "-e", Strace.SocketsAndWaits),
            Directory = directory,
        });
        for (int i = 0; i < Clients; i++)
        {
            using Client client = new(server);
            for (int message = 0; message < Messages; message++)
                client.Echo($"message {message}");
        }

        Timing.Eventually(() => server.Said("closed").Length == Clients, "all have left");
        using Crowd staying = new(server, stay);
        staying.Clients.ForEach(client => client.Echo("hello"));
        JsonElement status = server.Status();
        string summary = server.End();
        return (Trace.ReadToEnd(file, server), summary, status);
    }

    private static int Count(Trace trace, string name) => trace.Tcp.Count(call => call.Name == name);

    /// <summary>What is told behind a name: a number, or that it is not known.</summary>
    private static string Said(string summary, string name) => Regex.Match(summary, $@"\b{name} (\d+|-)").Groups[1].Value;
}
