using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>Live switches on Windows, through the control channel, with clients that never stop to send.</summary>
[Slow, Collection(WindowsBuild.Collection)]
public sealed class WindowsSwitchTests(WindowsBuild build)
{
    [Fact]
    public void Every_ordered_pair_of_models_loses_no_byte()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        IReadOnlyList<string> walk = WindowsModels.EveryPair();
        using WindowsServer server = new(build, "--model", walk[0]);
        List<Client> clients = [.. Enumerable.Range(0, 4).Select(_ => new Client(server.Port))];
        List<BackgroundClient> sending = [.. clients.Select((client, index) => new BackgroundClient(client, seed + index))];
        foreach (string next in walk.Skip(1))
        {
            server.Switch(next);
            long before = sending.Sum(client => client.Bytes);
            Limit.Until(() => sending.Sum(client => client.Bytes) > before, $"{next} echoes"); // blocking serves one of them
        }

        server.Switch("threads"); // which serves all
        sending.ForEach(client => client.AwaitMore(3));
        sending.ForEach(client => client.Stop());
        Assert.Equal(walk.Count, server.LinesMatching("INF switched from").Length);
        Assert.Equal(clients.Count, server.Status().GetProperty("connections").GetProperty("open").GetInt32());
        clients.ForEach(client => client.CloseAndAwaitEnd());
        Assert.Contains($"served {clients.Count} connections", server.End());
    }

    [Fact]
    public void Unsent_bytes_are_kept_from_model_to_model()
    {
        using WindowsServer server = new(build, "--model", "select");
        using StuckClient stuck = new(server);
        foreach (string next in (string[])["threads", "async", "busy-poll", "thread-pool", "blocking", "select"])
            server.Switch(next);

        stuck.ReadAllBytes();
        Assert.Contains($" {stuck.Sent:N0} bytes in, {stuck.Sent:N0} bytes out", server.End());
    }
}
