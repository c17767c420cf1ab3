using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>The traps of edges: what is told once must be taken whole, or remembered.</summary>
public sealed class EdgeReactorTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    private static readonly ModelRow Epoll = ModelTable.Find("epoll")!;

    private static readonly ModelRow Edge =
        Epoll with { Name = "edge", Create = context => Epoll.Create(new ModelContext(context.CallCounters) { EdgeTriggered = true }) };

    [Theory]
    [InlineData(false, 1, "epoll")]
    [InlineData(true, 1, "epoll-edge")]
    [InlineData(true, 2, "epoll-edge")]
    public void Is_epoll_with_an_option(bool edge, int loops, string selector)
    {
        Assert.True(Epoll.Options.HasFlag(ModelOptions.Trigger));
        ModelContext context = new(new CallCounters()) { EdgeTriggered = edge, Loops = loops };
        using SocketSet sockets = new([], SocketIo.ForThisSystem);
        Epoll.Create(context).Serve(sockets, new CancellationToken(canceled: true));
        Assert.Equal(selector, context.Selectors.Current);
    }

    [Fact]
    public void Falls_back_to_nothing() =>
        Assert.Equal(["epoll-edge"], SelectorTable.From(SelectorTable.Find("epoll-edge")).Select(row => row.Name));

    [Fact]
    public void Sees_the_end_that_came_in_one_segment_with_the_bytes() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        for (int i = 0; i < 50; i++)
        {
            Peer peer = server.Connect();
            peer.Exchange(10); // the state at the start has been told and used up
            peer.Cork();
            peer.Say(100);
            peer.HalfClose();
            peer.HearEnd();
        }

        server.AwaitClosed(50);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Fact]
    public void Does_not_ask_again_after_it_was_given_all()
    {
        CallCounters counters = new();
        TestServer.Run(Edge, new ServerOptions { Io = new CountingSocketIo(SocketIo.ForThisSystem, counters) }, server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(10);
            long before = counters[Counter.Receive];
            for (int i = 0; i < 100; i++)
                peer.Exchange(10);

            Assert.InRange(counters[Counter.Receive], before + 99, before + 102); // the first turn, or the last, may still be under way
            peer.Leave();
        });
    }

    [Fact]
    public void Receives_what_is_behind_urgent_data_and_was_told_with_it()
    {
        HookedIo io = new(SocketIo.ForThisSystem);
        TestServer.Run(Edge, new ServerOptions { Io = io }, server =>
        {
            Peer peer = server.Connect();
            Peer other = server.Connect();
            peer.Exchange(10);
            for (int i = 0; i < 20; i++)
            {
                // While the server attends to the other, so that it is told of all three at once.
                io.Once(() =>
                {
                    peer.Say(30);
                    peer.SayUrgently();
                    peer.Say(20);
                });
                other.Exchange(10);
                peer.Hear(51);
            }

            peer.Leave();
            other.Leave();
        });
    }

    [Fact]
    public void Receives_what_came_while_it_could_not_send() => TestServer.Run(Edge, new ServerOptions { Queue = SmallQueue }, server =>
    {
        // The edge of what is behind finds the server owing; when it has paid, no more comes than the edge of room to write.
        Peer peer = server.Connect(queue: SmallQueue);
        for (int i = 0; i < 20; i++)
        {
            peer.SayUntilStuck(16 * MiB);
            peer.Hear(peer.Ledger.Missing);
        }

        peer.Leave();
    });

    [Fact]
    public void Tells_the_kernel_once_what_to_watch_and_never_again() => TestServer.Run(Edge, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.Exchange(10);
        long before = server.CallCounters[Counter.Control];
        peer.SayUntilStuck(16 * MiB);
        peer.Hear(peer.Ledger.Missing);
        for (int i = 0; i < 100; i++)
            peer.Exchange(10_000);

        Assert.Equal(before, server.CallCounters[Counter.Control]);
        peer.Leave();
    });

    [Fact]
    public void Serves_a_quiet_client_beside_four_firehoses() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        Peer quiet = server.Connect();
        using CancellationTokenSource enough = new();
        Peer[] hoses = [.. Enumerable.Range(0, 4).Select(_ => server.Connect())];
        List<BackgroundWork> sprays = [.. hoses.Select(hose => BackgroundWork.Begin(() => Spray(hose, enough.Token)))];
        for (int i = 0; i < 100; i++)
            quiet.Exchange(10);

        Peer late = server.Connect();
        late.Exchange(1_000);
        enough.Cancel();
        sprays.ForEach(spray => spray.Done());
        late.Leave();
        quiet.Leave();
    });

    [Fact]
    public void Takes_all_of_what_one_edge_told_though_it_stops_in_between() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        // Far more than one client is given at once, said before the server looks, and then silence: no further edge comes.
        Peer peer = server.Connect();
        peer.Exchange(1);
        for (int i = 0; i < 10; i++)
            peer.Exchange(2 * MiB);

        peer.Leave();
    });

    [Fact]
    public void Accepts_all_of_a_backlog_that_one_edge_told() => TestServer.Run(Edge, new ServerOptions { Ports = 2 }, server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 600).Select(i => server.Connect(port: i % 2))];
        server.AwaitAccepted(600);
        foreach (Peer peer in peers)
            peer.Exchange(10);
    });

    [Fact]
    public void Sleeps_when_there_is_nothing_to_do() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100_000);
        Thread.Sleep(50);
        long before = server.CallCounters[Counter.Wait];
        Thread.Sleep(200);
        Assert.Equal(before, server.CallCounters[Counter.Wait]);
        peer.Leave();
    });

    [Fact]
    public void Accepts_again_after_the_rest_without_a_further_edge()
    {
        AcceptFailsAtFirst io = new(SocketIo.ForThisSystem, failures: 3);
        TestServer.Run(Edge, new ServerOptions { Io = io }, server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(100);
            Assert.InRange(io.Asked, 4, 8);
            peer.Leave();
        });
    }

    [Fact]
    public void Serves_in_several_loops_too() => TestServer.Run(
        Edge with { Create = context => Epoll.Create(new ModelContext(context.CallCounters) { EdgeTriggered = true, Loops = 2 }) },
        new ServerOptions(),
        server =>
        {
            List<Peer> peers = [.. Enumerable.Range(0, 20).Select(_ => server.Connect())];
            foreach (Peer peer in peers)
                peer.Exchange(100_000);

            server.Switch("poll");
            foreach (Peer peer in peers)
                peer.Leave();
        });

    private static void Spray(Peer hose, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
            hose.Stream(256 * 1024);

        hose.Leave();
    }
}
