using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

/// <summary>How the host says goodbye.</summary>
public sealed class EchoHostStopTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private static readonly ServerOptions SmallQueues = new() { Queue = SmallQueue };

    public static TheoryData<string> Here => EveryModel.Here;

    public static TheoryData<string> Selectors => [.. SelectorTable.Rows.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Here))]
    public void Sends_what_is_owed_to_one_who_begins_to_read_after_the_stop(string model) => TestServer.Run(model, SmallQueues, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SayUntilStuck(16 * MiB);
        BackgroundWork stop = BackgroundWork.Begin(() => server.Stop(Long));
        Limit.Until(() => server.Sockets.Listeners.Count == 0, "the goodbye has begun");

        HearWhatThereWas(peer);
        stop.Done();
        Assert.Equal([CloseReason.Drain], server.Reasons);
        Assert.True(server.Host.Ended.IsCompletedSuccessfully);
    });

    [Theory]
    [MemberData(nameof(Selectors))]
    public void Echoes_what_had_arrived_before_the_stop(string selector)
    {
        ModelRow nobody = FakeModel.Row("nobody", FakeModel.ServeNobody);
        TestServer.Run(nobody, new ServerOptions { Selector = SelectorTable.Find(selector) }, server =>
        {
            List<Peer> peers = [];
            for (int i = 0; i < 20; i++)
            {
                peers.Add(server.Connect());
                peers[i].Say(50_000);
                Assert.True(server.Sockets.TryAccept(server.Sockets.Listeners[0], out Connection? connection));
                Limit.Until(() => connection.Socket.Available == 50_000, "all of it has arrived");
            }

            server.Stop(Long);
            foreach (Peer peer in peers)
                peer.HearEnd();

            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Drain, reason));
        });
    }

    [Fact]
    public void Stops_although_a_client_talks_on_and_on() => TestServer.Run("epoll", server =>
    {
        Peer hose = server.Connect();
        BackgroundWork talk = BackgroundWork.Begin(() => TalkOnAndOn(hose));
        server.AwaitAccepted(1);
        Thread.Sleep(50);
        server.Stop(Long);
        talk.Done();
    });

    [Theory]
    [MemberData(nameof(Selectors))]
    public void Ends_at_the_limit_when_nobody_reads(string selector) =>
        TestServer.Run("epoll", SmallQueues with { Selector = SelectorTable.Find(selector) }, server =>
        {
            server.Connect(queue: SmallQueue).SayUntilStuck(16 * MiB);
            server.Stop(TimeSpan.FromMilliseconds(300));

            Assert.Equal([CloseReason.Drain], server.Reasons);
            Assert.Equal(0, server.Sockets.Count);
        });

    [Fact]
    public void Ends_at_once_when_told_so() => TestServer.Run("epoll", SmallQueues, server =>
    {
        server.Connect(queue: SmallQueue).SayUntilStuck(16 * MiB);
        using CancellationTokenSource atOnce = new();
        BackgroundWork stop = BackgroundWork.Begin(() => server.Stop(Long, atOnce.Token));
        Limit.Until(() => server.Sockets.Listeners.Count == 0, "the goodbye has begun");
        atOnce.Cancel();

        stop.Done();
        Assert.Equal([CloseReason.Drain], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(Selectors))]
    public void Does_not_wait_for_the_idle_who_stay_connected(string selector) =>
        TestServer.Run("epoll", new ServerOptions { Selector = SelectorTable.Find(selector) }, server =>
        {
            List<Peer> peers = [.. Enumerable.Range(0, 20).Select(_ => server.Connect())];
            foreach (Peer peer in peers)
                peer.Exchange(100);

            AssertDoesNotTake(Long, () => server.Stop(Long));
            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Drain, reason));
            foreach (Peer peer in peers)
                peer.HearEnd();
        });

    [Theory]
    [MemberData(nameof(Selectors))]
    public void Does_not_wait_for_one_who_breaks_off_owing_an_acknowledgement(string selector) =>
        TestServer.Run("epoll", new ServerOptions { Selector = SelectorTable.Find(selector) }, server =>
        {
            // The server's queue takes all of it, so that the server owes nothing any more; the client's takes only the beginning.
            const int Much = 200_000;
            Peer peer = server.Connect(queue: SmallQueue);
            peer.Say(Much);
            server.AwaitAccepted(1);
            Connection connection = server.Accepted.Single();
            Limit.Until(() => connection.BytesIn == Much && !connection.HasUnsent, "the server has sent all");
            Assert.True(server.Sockets.Unacknowledged(connection) > 0, "the kernel is rid of it already");

            BackgroundWork stop = BackgroundWork.Begin(() => server.Stop(Long));
            Limit.Until(() => server.Sockets.Listeners.Count == 0, "the goodbye has begun");
            Thread.Sleep(100);
            peer.Reset();
            Assert.True(stop.TryDone(Long / 3), "it still waits for one who has gone");
        });

    [Fact]
    public void Closes_every_connection_of_a_crowd() => TestServer.Run("threads", server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 100).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Say(1_000);
        foreach (Peer peer in peers)
            peer.Hear(1_000);

        server.Stop(Long);
        Assert.Equal(100, server.Closed.Count);
        foreach (Peer peer in peers)
            peer.HearEnd();
    });

    [Fact]
    public void Refuses_switches_from_the_moment_it_tells_that_it_stops() => TestServer.Run("epoll", server =>
    {
        List<string> refusals = [];
        server.Host.Stopping += () =>
            refusals.Add(Assert.Throws<SwitchRefusedException>(() => server.Host.Switch(EveryModel.Find("poll"))).Message);
        server.Stop(Long);

        Assert.Equal(["the server is stopping"], refusals);
    });

    [Fact]
    public void Can_be_stopped_before_it_was_started() => WithHost((host, sockets) =>
    {
        host.Stop(Long, CancellationToken.None);

        Assert.True(host.Ended.IsCompletedSuccessfully);
        Assert.Empty(sockets.Listeners);
        Assert.Throws<SwitchRefusedException>(() => host.Switch(EveryModel.Find("poll")));
        Assert.Contains("stopped", Assert.Throws<InvalidOperationException>(host.Start).Message, StringComparison.Ordinal);
    });

    [Fact]
    public void Can_be_stopped_twice() => WithHost((host, _) =>
    {
        host.Start();
        host.Stop(Long, CancellationToken.None);
        host.Stop(Long, CancellationToken.None);

        Assert.True(host.Ended.IsCompletedSuccessfully);
    });

    [Fact]
    public void Can_be_started_once_and_not_be_switched_before() => WithHost((host, _) =>
    {
        InvalidOperationException early = Assert.Throws<InvalidOperationException>(() => host.Switch(EveryModel.Find("poll")));
        Assert.Contains("not been started", early.Message, StringComparison.Ordinal);
        host.Start();
        Assert.Contains("started already", Assert.Throws<InvalidOperationException>(host.Start).Message, StringComparison.Ordinal);
        host.Stop(Long, CancellationToken.None);
    });

    [Fact]
    public void Has_no_model_left_with_the_sockets_when_it_is_disposed_of()
    {
        bool serves = false;
        ModelRow slow = FakeModel.Row("slow", (sockets, stop) =>
        {
            Volatile.Write(ref serves, true);
            FakeModel.ServeNobody(sockets, stop);
            Thread.Sleep(50);
            Volatile.Write(ref serves, false);
        });
        using SocketSet sockets = new([Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 1)], SocketIo.ForThisSystem);
        EchoHost host = new(sockets, new ModelContext(new CallCounters()), slow);
        host.Start();
        Limit.Run(Limit.Generous, "the disposal", host.Dispose);

        Assert.False(Volatile.Read(ref serves), "its model still serves");
    }

    private static void WithHost(Action<EchoHost, SocketSet> test) => Limit.Run(Limit.Generous, "the test", () =>
    {
        using SocketSet sockets = new([Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 1)], SocketIo.ForThisSystem);
        using EchoHost host = new(sockets, new ModelContext(new CallCounters()), EveryModel.Find("epoll"));
        test(host, sockets);
    });

    private static void HearWhatThereWas(Peer peer)
    {
        // What the server had not received when it was told to stop, it does not read; but what it had read, it owes.
        while (!peer.HasEnded)
            peer.HearSome();

        Assert.True(peer.Ledger.Received > 0);
    }

    private static void TalkOnAndOn(Peer hose)
    {
        try
        {
            while (!hose.HasEnded)
            {
                hose.TrySay(20_000);
                hose.TryHear();
            }
        }
        catch (SocketException)
        {
            // It talks on after the goodbye, and is reset.
        }
    }

    private static void AssertDoesNotTake(TimeSpan limit, Action work)
    {
        long begun = Stopwatch.GetTimestamp();
        work();
        Assert.True(Stopwatch.GetElapsedTime(begun) < limit);
    }
}
