using System.Collections.Concurrent;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Posix;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

/// <summary>How the host stops: what it still sends, what it waits for, and what it refuses.</summary>
public sealed class EchoHostStopTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    /// <summary>A stop with this limit ends only because there is nothing left to wait for.</summary>
    private static readonly TimeSpan Unlimited = Timeout.InfiniteTimeSpan;

    private static readonly ServerOptions SmallQueues = new() { Queue = SmallQueue };

    public static TheoryData<string> Available => EveryModel.Available;

    public static TheoryData<string> Selectors => [.. SelectorTable.Rows.Select(row => row.Name)];

    [Slow]
    [Theory]
    [MemberData(nameof(Available))]
    public void Sends_the_unsent_bytes_to_a_client_that_reads_only_after_the_stop(string model) => TestServer.Run(model, SmallQueues, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SendUntilBlocked(16 * MiB);
        BackgroundWork stop = BackgroundWork.Start(() => server.Stop(Unlimited));
        Limit.Until(() => server.Sockets.Listeners.Count == 0, "the shutdown has begun");

        ReceiveWhatIsSent(peer);
        stop.Wait();
        Assert.Equal([CloseReason.Drain], server.Reasons);
        Assert.True(server.Host.Ended.IsCompletedSuccessfully);
    });

    [Theory]
    [MemberData(nameof(Selectors))]
    public void Echoes_what_had_arrived_before_the_stop(string selector)
    {
        ModelRow holder = FakeModel.Row("holder", FakeModel.HoldSockets);
        TestServer.Run(holder, new ServerOptions { Selector = SelectorTable.Find(selector) }, server =>
        {
            List<Peer> peers = [];
            for (int i = 0; i < 20; i++)
            {
                peers.Add(server.Connect());
                peers[i].Send(50_000);
                Assert.True(server.Sockets.TryAccept(server.Sockets.Listeners[0], out Connection? connection));
                Limit.Until(() => connection.Available() == 50_000, "all of it has arrived");
            }

            server.Stop(Unlimited);
            foreach (Peer peer in peers)
                peer.ReceiveToEnd();

            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Drain, reason));
        });
    }

    [Fact]
    public void Stops_although_a_client_sends_without_end() => TestServer.Run("epoll", server =>
    {
        Peer sender = server.Connect();
        BackgroundWork sending = BackgroundWork.Start(() => SendWithoutEnd(sender));
        server.AwaitAccepted(1);
        Limit.Until(() => server.Single.BytesIn > MiB, "it sends");
        server.Stop(Unlimited);
        sending.Wait();
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Selectors))]
    public void Ends_at_the_limit_when_the_client_does_not_read(string selector) =>
        TestServer.Run("epoll", SmallQueues with { Selector = SelectorTable.Find(selector) }, server =>
        {
            server.Connect(queue: SmallQueue).SendUntilBlocked(16 * MiB);
            server.Stop(TimeSpan.FromMilliseconds(300));

            Assert.Equal([CloseReason.Drain], server.Reasons);
            Assert.Equal(0, server.Sockets.Count);
        });

    [Fact]
    public void Ends_at_once_when_it_is_cancelled() => TestServer.Run("epoll", SmallQueues, server =>
    {
        server.Connect(queue: SmallQueue).SendUntilBlocked(16 * MiB);
        using CancellationTokenSource atOnce = new();
        BackgroundWork stop = BackgroundWork.Start(() => server.Stop(Unlimited, atOnce.Token));
        Limit.Until(() => server.Sockets.Listeners.Count == 0, "the shutdown has begun");
        atOnce.Cancel();

        stop.Wait();
        Assert.Equal([CloseReason.Drain], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(Selectors))]
    public void Does_not_wait_for_idle_clients_to_leave(string selector) =>
        TestServer.Run("epoll", new ServerOptions { Selector = SelectorTable.Find(selector) }, server =>
        {
            List<Peer> peers = [.. Enumerable.Range(0, 20).Select(_ => server.Connect())];
            foreach (Peer peer in peers)
                peer.Exchange(100);

            server.Stop(Unlimited);
            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Drain, reason));
            foreach (Peer peer in peers)
                peer.ReceiveToEnd();
        });

    [Theory]
    [MemberData(nameof(Selectors))]
    public void Does_not_wait_for_the_acknowledgement_of_a_client_that_has_reset(string selector) =>
        TestServer.Run("epoll", new ServerOptions { Selector = SelectorTable.Find(selector) }, server =>
        {
            // The server's queue takes all of it, so that the server has nothing unsent; the client's takes only the beginning.
            const int Much = 200_000;
            Peer peer = server.Connect(queue: SmallQueue);
            peer.Send(Much);
            server.AwaitAccepted(1);
            Connection connection = server.Single;
            Limit.Until(() => connection.BytesIn == Much && !connection.HasUnsent, "the server has sent all");
            Assert.True(TestKernel.Open().Unacknowledged(connection.Socket) > 0, "the kernel has nothing to send");

            BackgroundWork stop = BackgroundWork.Start(() => server.Stop(Unlimited));
            Limit.Until(() => server.Sockets.Listeners.Count == 0, "the shutdown has begun");
            Limit.Until(() => State(connection) == Libc.TCP_FIN_WAIT1, "nothing but the acknowledgement is waited for");
            peer.Reset();
            stop.Wait();
        });

    [Fact]
    public void Closes_every_connection_of_100() => TestServer.Run("threads", server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 100).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Send(1_000);
        foreach (Peer peer in peers)
            peer.Receive(1_000);

        server.Stop(Unlimited);
        Assert.Equal(100, server.Closed.Count);
        foreach (Peer peer in peers)
            peer.ReceiveToEnd();
    });

    [Fact]
    public void Refuses_switches_as_soon_as_it_publishes_that_it_stops() => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<string> refusals = [];
        using (server.Services.Events.Subscribe("switches", happened =>
        {
            if (happened is Draining)
                refusals.Enqueue(Assert.Throws<SwitchRefusedException>(() => server.Host.Switch(EveryModel.Find("poll"))).Message);
        }))
        {
            server.Stop(Unlimited);
        }

        Assert.Equal(["the server is stopping"], refusals);
    });

    /// <summary>A handler that throws, or that never returns, makes no switch or stop fail or wait.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Switches_and_stops_although_a_subscriber_fails_or_blocks(bool throws) => TestServer.Run("epoll", server =>
    {
        using ManualResetEventSlim release = new();
        using Subscription bad = server.Services.Events.Subscribe("bad", _ =>
        {
            if (throws)
                throw new InvalidOperationException("a handler's own fault");

            release.Wait(CancellationToken.None);
        });
        Peer peer = server.Connect();
        peer.Exchange(10);
        Assert.Equal("poll", server.Switch("poll").To);
        Assert.Throws<SwitchRefusedException>(() => server.Switch(FakeModel.CannotBeCreated("unmade")));
        peer.Exchange(10);
        server.Stop(Unlimited);
        release.Set();
        Assert.True(bad.End(), "the subscriber has handled all");
        Assert.Equal(throws, bad.Failures > 0);
        Assert.True(server.Host.Ended.IsCompletedSuccessfully);
    });

    private static byte? State(Connection connection) => TestKernel.Open().Linux!.ReadTcpInfo(connection.Socket)?.State;

    private static void ReceiveWhatIsSent(Peer peer)
    {
        // The server does not receive what it had not received before the stop; but it echoes what it had.
        while (!peer.HasEnded)
            peer.ReceiveSome();

        Assert.True(peer.Check.Received > 0);
    }

    private static void SendWithoutEnd(Peer sender)
    {
        try
        {
            while (!sender.HasEnded)
            {
                sender.TrySend(20_000);
                sender.TryReceive();
            }
        }
        catch (SocketException)
        {
            // It sends after the server has closed, and is reset.
        }
    }
}
