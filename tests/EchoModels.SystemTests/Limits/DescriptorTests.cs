using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Limits;

/// <summary>No descriptor left: those inside are served, those outside wait, and nobody spins.</summary>
public sealed class DescriptorTests
{
    private const int Limit = 200;
    private const int TooMany = 300;

    /// <summary>The bound is 5 % of a core; the rest is for a busy machine.</summary>
    private const double MostPercent = 10;

    [Theory]
    [InlineData("epoll")]
    [InlineData("poll")]
    [InlineData("select")]
    [InlineData("threads")]
    [InlineData("io-uring")]
    public void More_clients_than_fit_as_the_first_thing_after_the_start(string model)
    {
        using Server server = Server.Start(new Launch { Shell = $"ulimit -n {Limit}", Arguments = ["serve", "-p", "0", "-m", model] });
        using Crowd crowd = new(server, TooMany);
        server.AwaitLine("WRN cannot accept on .*descriptor");
        crowd.Clients[0].Echo("served");
        Thread.Sleep(1_000);

        AssertIsQuiet(server);
        for (int i = 0; i < 10; i++)
            crowd.Clients[i].Echo("served on");

        // One after the other leaves, and each lets another one in.
        foreach (Client client in crowd.Clients.Take(TooMany - 20))
            client.Dispose();
        foreach (Client client in crowd.Clients.TakeLast(20))
            client.Echo("served at last");

        server.AwaitLine("INF accepting again");
        Assert.True(server.IsAlive);
        using Client newcomer = new(server);
        newcomer.Echo("and so is a newcomer");
        Timing.Eventually(() => Accepted(server) == TooMany + 1, "all were accepted");
        Assert.Empty(server.Said("closed .*: (limit|reset)"));
    }

    /// <summary>Not for io-uring, whose one request to accept keeps the limit that was in force when it was made.</summary>
    [Theory]
    [InlineData("blocking")]
    [InlineData("threads")]
    [InlineData("epoll")]
    [InlineData("poll")]
    [InlineData("select")]
    public void None_left_at_all_and_then_some_again(string model)
    {
        using Server server = Server.Start("--model", model);
        using Client inside = new(server);
        inside.Echo("served");
        ulong before = Native.LimitDescriptors(server.Id, 3);
        if (model == "blocking")
            inside.Dispose(); // as long as one is inside, it accepts nobody

        // Two, as a thread that sleeps in accept already has the descriptor for the next one: the kernel reserves it first.
        using Client outside = new(server);
        using Client farther = new(server);
        server.AwaitLine("WRN cannot accept on .*descriptor");
        AssertIsQuiet(server);
        if (model != "blocking")
            inside.Echo("served on");

        Native.LimitDescriptors(server.Id, before);
        outside.Echo("served at last");
        outside.Dispose();
        farther.Echo("served at last");
        server.AwaitLine("INF accepting again");
        server.End();
    }

    /// <summary>
    /// The runtime needs descriptors of its own: for a moment, a pipe for every thread that it starts. Its compiler's helper
    /// thread is one of those; it leaves after some seconds without work, or here at once, and is missed when it comes again.
    /// </summary>
    [Theory]
    [InlineData("epoll")]
    [InlineData("poll")]
    [InlineData("select")]
    [InlineData("threads")]
    [InlineData("io-uring")]
    public void The_runtime_itself_lives_through_a_long_want_of_descriptors(string model)
    {
        using Server server = Server.Start(new Launch
        {
            Shell = $"ulimit -n {Limit}",
            Arguments = ["serve", "-p", "0", "-m", model],
            Wrapper = ["env", "DOTNET_TC_BackgroundWorkerTimeoutMs=20"],
        });
        using Crowd crowd = new(server, TooMany);
        for (int i = 0; i < 50; i++)
        {
            crowd.Clients[i % 10].Echo("served");
            Thread.Sleep(100);
        }

        Assert.True(server.IsAlive);
        Assert.Empty(server.Said("closed"));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(120)]
    [InlineData(150)]
    public void Too_few_descriptors_to_start_with_are_told_in_one_line(int limit)
    {
        using Server server = Server.Begin(new Launch { Shell = $"ulimit -n {limit}" });
        Timing.Eventually(() => !server.IsAlive || server.Said("listening on").Length > 0, "it has started, or given up");
        if (server.IsAlive)
        {
            server.AwaitPort();
            server.End();
        }
        else
        {
            Assert.Equal(1, server.ExitCode());
            Assert.Single(server.Lines);
        }
    }

    private static void AssertIsQuiet(Server server)
    {
        int lines = server.Lines.Length;
        double share = Processor.Share(server.Id, TimeSpan.FromSeconds(2));
        Assert.InRange(share, 0, MostPercent);
        Assert.InRange(server.Lines.Length - lines, 0, 10);
        Assert.True(server.IsAlive);
    }

    private static long Accepted(Server server) => server.Status().GetProperty("connections").GetProperty("accepted").GetInt64();
}
