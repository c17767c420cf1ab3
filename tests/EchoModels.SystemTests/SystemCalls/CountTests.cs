using System.Text.Json;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>The counters are right: over a whole run each agrees with strace exactly, or is reported as unknown.</summary>
public sealed class CountTests
{
    private const int Clients = 3;
    private const int Messages = 10;
    private const int Bytes = Clients * Messages * 9;

    [MainCase, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void The_server_counts_what_strace_counts(string model)
    {
        (Trace trace, string summary, JsonElement status) = Watch(model);

        AssertCalls(model, trace, summary);
        AssertStatus(model, status, summary);
        AssertTraffic(model, trace, status, summary);
    }

    /// <summary>Two clients are still connected at the stop: the shutdown makes calls for them.</summary>
    [Slow, Theory]
    [InlineData("blocking", "--port", "0")]
    [InlineData("threads")]
    [InlineData("select")]
    [InlineData("epoll", "--trigger", "edge")]
    [InlineData("epoll", "--loops", "3")]
    [InlineData("epoll", "--spin", "1ms")]
    [InlineData("signal")]
    [InlineData("io-uring", "--loops", "2")]
    public void The_same_is_true_with_options_and_for_the_shutdown(string model, params string[] arguments)
    {
        int stay = model == "blocking" ? 1 : 2; // it serves one at a time
        (Trace trace, string summary, _) = Watch(model, arguments, stay);
        AssertCalls(model, trace, summary);
    }

    /// <summary>Each receive follows an await: for a client, or for its bytes. One more await is for a client that never connects.</summary>
    [Slow, Fact]
    public void Async_counts_its_awaits()
    {
        (Trace trace, string summary, _) = Watch("async");
        Assert.Equal($"{trace.Tcp.Count(call => call.Name == "recvfrom" && !call.IsPeek) + 1}", Reported(summary, "await"));
    }

    /// <summary>The last one is the wake-up for the stop, after the status.</summary>
    [Slow, Fact]
    public void Signals_are_those_that_sigtimedwait_returned()
    {
        (Trace trace, string summary, JsonElement status) = Watch("signal");
        SystemCall[] collected = [.. trace.Calls.Where(call => call.Name == "rt_sigtimedwait" && call.Result > 0)];

        Assert.Equal($"{collected.Length}", Reported(summary, "signals"));
        Assert.Equal(collected.Length - 1, status.GetProperty("signals").GetInt64());
    }

    /// <summary>The kernel accepts, receives and sends: there are no such calls to see, and none is counted.</summary>
    [Slow, Fact]
    public void Io_uring_makes_no_accept_recv_or_send()
    {
        Assert.Contains("io-uring", Models.Available);
        (Trace trace, string summary, _) = Watch("io-uring");
        foreach ((string call, string name) in (ReadOnlySpan<(string, string)>)[("accept4", "accept"), ("recvfrom", "recv"), ("sendto", "send")])
            Assert.Equal((0, "0"), (Count(trace, call), Reported(summary, name)));
    }

    private static void AssertCalls(string model, Trace trace, string summary)
    {
        // The calls of a child process are not the server's; cat reads and writes, and neither waits nor accepts.
        Dictionary<string, int> seen = new()
        {
            ["accept"] = Count(trace, "accept4"),
            ["recv"] = trace.Tcp.Count(call => call.Name == "recvfrom" && !call.IsPeek), // only the runtime peeks
            ["send"] = Count(trace, "sendto"),
            ["wait"] = trace.Calls.Count(call => call.IsWait && call.Error != "EBADF" && IsByServer(trace, call)), // EBADF: only a check
            ["control"] = trace.Calls.Count(call => call.Name == "epoll_ctl"),
            ["wake"] = trace.Calls.Count(call => call.IsWake),
            ["enter"] = trace.Calls.Count(call => call.Name == "io_uring_enter"),
            ["would-blocks"] = trace.Tcp.Count(call => call.Error == "EAGAIN"),
        };
        string[] unknown = model == "async" ? ["accept", "wait", "control", "would-blocks"] : []; // the runtime makes such calls, too
        foreach ((string name, int count) in seen)
            Assert.Equal((name, unknown.Contains(name) ? "-" : $"{count}"), (name, Reported(summary, name)));

        seen["wait"] = trace.Calls.Count(call => call.IsWait); // the runtime has a thread for it
        Assert.All(unknown, name => Assert.True(seen[name] > 0, $"{model} makes no {name}, so the count would be known"));
    }

    /// <summary>Whether it was made by a thread that serves, or by the first one, which does the shutdown.</summary>
    private static bool IsByServer(Trace trace, SystemCall call) =>
        trace.ServingThreads.Contains(call.Thread) || call.Thread == trace.Calls[0].Thread;

    /// <summary>A status after the last message reports the same as the summary, except for the calls of the stop.</summary>
    private static void AssertStatus(string model, JsonElement status, string summary)
    {
        string[] changing = model switch
        {
            "busy-poll" => ["recv"], // it continued to poll after the status
            "io-uring" => ["enter"], // once more, to cancel its requests
            _ => [],
        };
        foreach (string name in ((string[])["recv", "send", "enter"]).Except(changing))
            Assert.Equal((name, Reported(summary, name)), (name, status.GetProperty("calls").GetProperty(name).GetRawText()));
    }

    private static void AssertTraffic(string model, Trace trace, JsonElement status, string summary)
    {
        Assert.Contains($"served {Models.Count(Clients, "connection")}, {Models.Messages(model, Clients * Messages)}, {Models.Count(Bytes, "byte")} in, {Models.Count(Bytes, "byte")} out;", summary);
        Assert.Equal(model == "process" ? "null" : $"{Clients * Messages}", status.GetProperty("receives").GetRawText());
        Assert.Equal((Bytes, Bytes), (status.GetProperty("bytesIn").GetInt32(), status.GetProperty("bytesOut").GetInt32()));
        if (model != "io-uring") // the kernel moves the bytes, and strace sees no calls
        {
            (string receive, string send) = model == "process" ? ("read", "write") : ("recvfrom", "sendto"); // as cat does
            Assert.Equal(Bytes, trace.Tcp.Where(call => call.Name == receive && !call.IsPeek && call.Result > 0).Sum(call => call.Result));
            Assert.Equal(Bytes, trace.Tcp.Where(call => call.Name == send).Sum(call => call.Result));
        }
    }

    /// <summary>A whole run under strace, with the status after the last client has closed, and the summary.</summary>
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

        Limit.Until(() => server.LinesMatching("closed").Length == Clients, "all connections are closed");
        using ClientGroup staying = new(server, stay);
        staying.ForEach(client => client.Echo("hello"));
        JsonElement status = server.Status();
        string summary = server.End();
        return (Trace.ReadToEnd(file, server), summary, status);
    }

    private static int Count(Trace trace, string name) => trace.Tcp.Count(call => call.Name == name);

    /// <summary>The text after a name: a number, or a hyphen if it is unknown.</summary>
    private static string Reported(string summary, string name) => Regex.Match(summary, $@"\b{name} ([\d,]+|-)").Groups[1].Value.Replace(",", "");
}
