using EchoModels.Models;
using EchoModels.Posix;
using EchoModels.Tests.Support;
using EchoModels.Threading;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>A pool serves as many clients as it has workers; the others wait in its queue, and can be seen there.</summary>
public sealed class ThreadPoolServerTests
{
    private const int Messages = 5_000;

    [Fact]
    public void Lets_the_third_wait_for_two_workers_however_idle_the_others_are() => Run(workers: 2, server =>
    {
        Peer[] peers = Arrive(server, 3);
        peers[0].Exchange(100);
        peers[1].Exchange(100);
        peers[2].Say(100);
        Thread.Sleep(50);

        Assert.Equal(0, peers[2].Available);
        Assert.Equal(1, server.Sockets.Waiting);
        peers[0].Leave();
        peers[2].Hear(100);
        Assert.Equal(0, server.Sockets.Waiting);
        peers[2].Leave();
        peers[1].Leave();
    });

    [Fact]
    public void Serves_those_who_wait_in_the_order_in_which_they_came() => Run(workers: 1, server =>
    {
        Peer[] peers = Arrive(server, 5);
        foreach (Peer peer in peers)
            peer.Say(100);

        for (int i = 0; i < peers.Length; i++)
        {
            peers[i].Hear(100);
            Assert.Equal(peers.Length - 1 - i, server.Sockets.Waiting);
            Assert.All(peers[(i + 1)..], peer => Assert.Equal(0, peer.Available));
            peers[i].Leave();
        }
    });

    [Fact]
    public void Hands_over_those_who_are_served_and_those_who_wait() => Run(workers: 2, server =>
    {
        Peer[] peers = Arrive(server, 5);
        peers[0].Exchange(100);
        Assert.Equal(3, server.Sockets.Waiting);

        Assert.Equal(5, server.Switch("epoll").Connections);
        Assert.Equal(0, server.Sockets.Waiting);
        foreach (Peer peer in peers)
            peer.Exchange(100);

        Assert.Equal(5, server.Switch(Pool(workers: 2)).Connections);
        Limit.Until(() => server.Sockets.Waiting == 3, "two of the five are served");
        foreach (Peer peer in peers)
            peer.HalfClose();
        foreach (Peer peer in peers)
            peer.HearEnd();
    });

    [Fact]
    public void Stops_while_every_worker_sleeps() => Run(workers: 8, server =>
    {
        Peer talks = Arrive(server, 1)[0]; // one worker sleeps in recv, and seven in the queue
        talks.Exchange(100);
        server.Stop(TimeSpan.FromSeconds(5));
        talks.HearEnd();
    });

    [Fact]
    public void Allocates_nothing_for_a_message() => Run(workers: 2, server =>
    {
        Peer peer = Arrive(server, 1)[0];
        Exchange(peer);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Exchange(peer);

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, Messages);
        peer.Leave();
    });

    private static void Exchange(Peer peer)
    {
        for (int i = 0; i < Messages; i++)
        {
            peer.TrySay(64);
            while (peer.Ledger.Missing > 0)
                peer.TryHear();
        }
    }

    [Fact]
    public void Lets_go_of_all_its_workers_when_there_is_no_thread_for_the_last_one() => TestServer.Run("epoll", server =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 3).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(10);

        ThreadReaper.WaitUntilEmpty();
        int most = NativeThread.Most;
        NativeThread.Most = NativeThread.Count + 150; // by then the first are asleep in the queue
        try
        {
            Assert.Throws<SwitchRefusedException>(() => server.Switch(Pool(200)));
        }
        finally
        {
            NativeThread.Most = most;
        }

        Assert.Equal(0, server.Sockets.Waiting);
        foreach (Peer peer in peers)
            peer.Exchange(10);

        ThreadReaper.WaitUntilEmpty(); // or else the end of so many threads falls into the next test
    });

    private static void Run(int workers, Action<TestServer> test) => TestServer.Run(Pool(workers), new ServerOptions(), test);

    private static ModelRow Pool(int workers) =>
        EveryModel.Find("thread-pool") with { Name = $"pool of {workers}", Create = _ => new ThreadPoolServer(workers) };

    /// <summary>Clients who come one after the other.</summary>
    private static Peer[] Arrive(TestServer server, int count)
    {
        Peer[] peers = new Peer[count];
        for (int i = 0; i < count; i++)
        {
            peers[i] = server.Connect();
            server.AwaitAccepted(i + 1);
        }

        int workers = int.Parse(server.Host.Serving.Name.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
        Limit.Until(() => server.Sockets.Waiting == Math.Max(0, count - workers), "all workers have a client");
        return peers;
    }
}
