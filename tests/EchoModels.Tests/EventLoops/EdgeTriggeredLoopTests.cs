using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.EventLoops;

/// <summary>The pitfalls of edges: what one event reports must be used up, or remembered.</summary>
public sealed class EdgeTriggeredLoopTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    private static readonly ModelRow Edge = EveryModel.Variant("edge", "epoll", options => options with { EdgeTriggered = true });

    [Theory]
    [InlineData(false, 1, "epoll")]
    [InlineData(true, 1, "epoll-edge")]
    [InlineData(true, 2, "epoll-edge")]
    public void Is_epoll_with_an_option(bool edge, int loops, string selector)
    {
        ModelRow epoll = ModelTable.Find("epoll")!;
        Assert.True(epoll.Options.HasFlag(ModelOption.Trigger));
        HostServices services = new([], backlog: 1);
        epoll.Create(services.ContextFor(new ModelOptions { EdgeTriggered = edge, Loops = loops })).Serve(services.Sockets, new CancellationToken(canceled: true));
        Assert.Equal(selector, services.Selectors.Current);
    }

    [Fact]
    public void Has_no_fallback() =>
        Assert.Equal(["epoll-edge"], SelectorTable.From(SelectorTable.Find("epoll-edge")).Select(row => row.Name));

    [Fact]
    public void Finds_the_end_of_the_stream_that_came_in_one_segment_with_bytes() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        for (int i = 0; i < 50; i++)
        {
            Peer peer = server.Connect();
            peer.Exchange(10); // uses up the event of the initial state
            peer.Cork();
            peer.Send(100);
            peer.HalfClose();
            peer.ReceiveToEnd();
        }

        server.AwaitClosed(50);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Fact]
    public void Does_not_receive_again_after_a_short_read() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        long before = server.Totals[Counter.Receive];
        for (int i = 0; i < 100; i++)
            peer.Exchange(10);

        Assert.InRange(server.Totals[Counter.Receive], before + 99, before + 102); // the first receive, or the last, may be counted late
        peer.Close();
    });

    [Fact]
    public void Receives_the_bytes_after_urgent_data_that_one_event_reported()
    {
        ReceiveHook hook = new();
        TestServer.Run(Edge, new ServerOptions { Wrap = hook.Wrap }, server =>
        {
            Peer peer = server.Connect();
            Peer other = server.Connect();
            peer.Exchange(10);
            for (int i = 0; i < 20; i++)
            {
                // While the server serves the other client, so that one event reports all three.
                hook.BeforeNextReceive(() =>
                {
                    peer.Send(30);
                    peer.SendUrgent();
                    peer.Send(20);
                });
                other.Exchange(10);
                peer.Receive(51);
            }

            peer.Close();
            other.Close();
        });
    }

    [Slow]
    [Fact]
    public void Receives_what_arrived_while_it_could_not_send() => TestServer.Run(Edge, new ServerOptions { Queue = SmallQueue }, server =>
    {
        // The edge for the bytes that follow comes while the server has unsent bytes. After these are sent, there is only an edge
        // for room to write.
        Peer peer = server.Connect(queue: SmallQueue);
        for (int i = 0; i < 20; i++)
        {
            peer.SendUntilBlocked(16 * MiB);
            peer.Receive(peer.Check.Missing);
        }

        peer.Close();
    });

    [Fact]
    public void Registers_a_socket_with_the_kernel_once() => TestServer.Run(Edge, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.Exchange(10);
        long before = server.Totals[Counter.Control];
        peer.SendUntilBlocked(16 * MiB);
        peer.Receive(peer.Check.Missing);
        for (int i = 0; i < 100; i++)
            peer.Exchange(10_000);

        Assert.Equal(before, server.Totals[Counter.Control]);
        peer.Close();
    });

    [Fact]
    public void Serves_a_quiet_client_beside_four_firehoses() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        Peer quiet = server.Connect();
        using CancellationTokenSource enough = new();
        Peer[] firehoses = [.. Enumerable.Range(0, 4).Select(_ => server.Connect())];
        List<BackgroundWork> sending = [.. firehoses.Select(firehose => BackgroundWork.Start(() => SendUntil(firehose, enough.Token)))];
        for (int i = 0; i < 100; i++)
            quiet.Exchange(10);

        Peer late = server.Connect();
        late.Exchange(1_000);
        enough.Cancel();
        sending.ForEach(work => work.Wait());
        late.Close();
        quiet.Close();
    });

    [Fact]
    public void Receives_everything_that_one_edge_reported_in_several_turns() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        // Far more than the loop receives in one turn, sent at once, and then nothing: no further edge comes.
        Peer peer = server.Connect();
        peer.Exchange(1);
        for (int i = 0; i < 10; i++)
            peer.Exchange(2 * MiB);

        peer.Close();
    });

    [Fact]
    public void Accepts_a_whole_backlog_that_one_edge_reported() => TestServer.Run(Edge, new ServerOptions { Ports = 2 }, server =>
    {
        Needs.Descriptors(1_500);
        List<Peer> peers = [.. Enumerable.Range(0, 600).Select(i => server.Connect(port: i % 2))];
        server.AwaitAccepted(600);
        foreach (Peer peer in peers)
            peer.Exchange(10);
    });

    [Fact]
    public void Waits_no_more_often_than_messages_come_and_so_sleeps_between_them() => TestServer.Run(Edge, new ServerOptions(), server =>
    {
        const int Messages = 1_000;
        Peer peer = server.Connect();
        peer.Exchange(100_000); // more than the loop receives at once: the connection was on the ready list, and must be off it
        long before = server.Totals[Counter.Wait];
        for (int i = 0; i < Messages; i++)
            peer.Exchange(10);

        long waits = server.Totals[Counter.Wait] - before;
        Assert.InRange(waits, 1, Messages + 20); // a loop that does not sleep waits many times between two messages
        peer.Close();
    });

    [Slow]
    [Fact]
    public void Accepts_again_after_the_backoff_without_a_further_edge()
    {
        FailingAccepts accepts = new(failures: 3);
        TestServer.Run(Edge, new ServerOptions { Wrap = accepts.Wrap }, server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(100);
            Assert.InRange(accepts.Tried, 4, 8);
            peer.Close();
        });
    }

    [Fact]
    public void Serves_in_several_loops() => TestServer.Run(
        EveryModel.Variant("edge-loops", "epoll", options => options with { EdgeTriggered = true, Loops = 2 }),
        new ServerOptions(),
        server =>
        {
            List<Peer> peers = [.. Enumerable.Range(0, 20).Select(_ => server.Connect())];
            foreach (Peer peer in peers)
                peer.Exchange(100_000);

            server.Switch("poll");
            foreach (Peer peer in peers)
                peer.Close();
        });

    private static void SendUntil(Peer firehose, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
            firehose.Stream(256 * 1024);

        firehose.Close();
    }
}
