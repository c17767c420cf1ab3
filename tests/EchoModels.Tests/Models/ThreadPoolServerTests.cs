using EchoModels.Models;
using EchoModels.Posix;
using EchoModels.Tests.Support;
using EchoModels.Threading;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>A pool serves as many clients as it has workers; the others wait in its queue, and are counted.</summary>
public sealed class ThreadPoolServerTests
{
    private const int Messages = 5_000;

    [Fact]
    public void Keeps_the_third_client_waiting_for_two_workers() => Run(workers: 2, server =>
    {
        Peer[] peers = Connect(server, 3);
        peers[2].Send(100);
        for (int i = 0; i < 200; i++)
            peers[i % 2].Exchange(100);

        Assert.Equal(0, peers[2].Available);
        Assert.Equal(1, server.Sockets.Waiting);
        peers[0].Close();
        peers[2].Receive(100);
        Assert.Equal(0, server.Sockets.Waiting);
        peers[2].Close();
        peers[1].Close();
    });

    [Fact]
    public void Serves_waiting_clients_in_order() => Run(workers: 1, server =>
    {
        Peer[] peers = Connect(server, 5);
        foreach (Peer peer in peers)
            peer.Send(100);

        for (int i = 0; i < peers.Length; i++)
        {
            peers[i].Receive(100);
            Assert.Equal(peers.Length - 1 - i, server.Sockets.Waiting);
            Assert.All(peers[(i + 1)..], peer => Assert.Equal(0, peer.Available));
            peers[i].Close();
        }
    });

    [Fact]
    public void Hands_on_served_and_waiting_connections() => Run(workers: 2, server =>
    {
        Peer[] peers = Connect(server, 5);
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
            peer.ReceiveToEnd();
    });

    [Fact]
    public void Stops_while_every_worker_waits() => Run(workers: 8, server =>
    {
        Peer peer = Connect(server, 1)[0]; // one worker waits in recv, and seven in the queue
        peer.Exchange(100);
        server.Stop(TimeSpan.FromSeconds(5));
        peer.ReceiveToEnd();
    });

    [Fact]
    public void Allocates_nothing_for_a_message() => Run(workers: 2, server =>
    {
        Peer peer = Connect(server, 1)[0];
        Exchange(peer);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Exchange(peer);

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, Messages);
        peer.Close();
    });

    private static void Exchange(Peer peer)
    {
        for (int i = 0; i < Messages; i++)
        {
            peer.TrySend(64);
            while (peer.Check.Missing > 0)
                peer.TryReceive();
        }
    }

    [Fact]
    public void Stops_all_its_workers_when_there_is_no_thread_for_the_last_one() => TestServer.Run("epoll", server =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 3).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(10);

        ThreadReaper.WaitUntilEmpty();
        int most = NativeThread.Max;
        NativeThread.Max = NativeThread.Count + 150; // by then the first workers wait in the queue
        try
        {
            Assert.Throws<SwitchRefusedException>(() => server.Switch(Pool(200)));
        }
        finally
        {
            NativeThread.Max = most;
        }

        Assert.Equal(0, server.Sockets.Waiting);
        foreach (Peer peer in peers)
            peer.Exchange(10);

        ThreadReaper.WaitUntilEmpty(); // otherwise so many threads would end during the next test
    });

    private static void Run(int workers, Action<TestServer> test) => TestServer.Run(Pool(workers), new ServerOptions(), test);

    private static ModelRow Pool(int workers) =>
        EveryModel.Find("thread-pool") with { Name = $"pool of {workers}", Create = _ => new ThreadPoolServer(workers) };

    /// <summary>Connects clients, one after the other.</summary>
    private static Peer[] Connect(TestServer server, int count)
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
