using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Truth;

/// <summary>The counters are honest: over a whole run they agree with strace to the call.</summary>
public sealed class CountTests
{
    [Theory]
    [MemberData(nameof(Models.CallingThemselves), MemberType = typeof(Models))]
    public void The_server_counts_what_strace_counts(string model)
    {
        using RuntimeDirectory directory = new();
        string file = Path.Combine(directory.Path, "trace");
        using Server server = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", "0", "-m", model],
            Wrapper = Strace.Command(file, "-e", Strace.SocketsAndWaits),
            Directory = directory,
        });
        for (int i = 0; i < 3; i++)
        {
            using Client client = new(server);
            for (int message = 0; message < 10; message++)
                client.Echo($"message {message}");
        }

        Timing.Eventually(() => server.Said("closed").Length == 3, "all have left");
        JsonElement status = server.Status();
        string summary = server.End();
        Trace trace = Trace.ReadToEnd(file, server);

        Assert.Equal(Count(trace, "accept4"), Said(summary, "accept"));
        Assert.Equal(Count(trace, "recvfrom"), Said(summary, "recv"));
        Assert.Equal(Count(trace, "sendto"), Said(summary, "send"));
        if (model != "signal") // which looks once more at its end, only to empty its queue
            Assert.Equal(trace.Serving.Count(call => call.IsWait), Said(summary, "wait"));
        Assert.Equal(trace.Tcp.Count(call => call.Error == "EAGAIN"), Said(summary, "would-blocks"));
        Assert.Equal(trace.Tcp.Where(call => call.Name == "recvfrom" && call.Result > 0).Sum(call => call.Result), status.GetProperty("bytesIn").GetInt64());
        Assert.Equal(30, status.GetProperty("calls").GetProperty("send").GetInt64());
        if (model != "busy-poll") // which went on asking after the snapshot
            Assert.Equal(Count(trace, "recvfrom"), status.GetProperty("calls").GetProperty("recv").GetInt64());
    }

    /// <summary>The kernel does it: whoever looks for accept, recv and send sees none, and is told of none.</summary>
    [Fact]
    public void Where_the_kernel_does_the_work_there_are_no_calls_to_count()
    {
        Assert.Contains("io-uring", Models.Available);
        using RuntimeDirectory directory = new();
        string file = Path.Combine(directory.Path, "trace");
        using Server server = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", "0", "-m", "io-uring"],
            Wrapper = Strace.Command(file, "-e", Strace.SocketsAndWaits),
            Directory = directory,
        });
        using (Client client = new(server))
            client.Echo("hello");

        server.AwaitLine("closed");
        string summary = server.End();
        Trace trace = Trace.ReadToEnd(file, server);
        foreach ((string call, string name) in (ReadOnlySpan<(string, string)>)[("accept4", "accept"), ("recvfrom", "recv"), ("sendto", "send")])
            Assert.Equal((0, 0), (Count(trace, call), Said(summary, name)));
    }

    private static int Count(Trace trace, string name) => trace.Tcp.Count(call => call.Name == name);

    private static int Said(string summary, string name) =>
        int.Parse(Regex.Match(summary, $@"\b{name} (\d+)").Groups[1].ValueSpan, CultureInfo.InvariantCulture);
}
