using System.Net;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using EchoModels.Threading;
using Xunit;

namespace EchoModels.Tests.Blocking;

public sealed class BlockedThreadsTests
{
    private const int Threads = 500;

    [Fact]
    public void Lets_go_of_500_threads_asleep_in_recv_and_loses_no_byte() => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        int seed = Seeds.Take();
        Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: Threads);
        List<Peer> peers = [];
        using (SocketSet sockets = new([listener], SocketIo.ForThisSystem))
        {
            sockets.SetBlocking(true);
            for (int i = 0; i < Threads; i++)
            {
                peers.Add(new Peer(listener.EndPoint, seed, i));
                Assert.True(sockets.TryAccept(listener, out _));
            }

            for (int round = 0; round < 3; round++)
                SleepTalkAndLetGo(sockets, peers, new Random(seed + round));

            foreach (Peer peer in peers)
                peer.Dispose();
        }

        before.AssertNothingIsLeft();
    });

    [Fact]
    public void Lets_go_of_one_that_takes_its_seat_too_late() => Limit.Run(Limit.Test, "the test", () =>
    {
        Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 1);
        using SocketSet sockets = new([listener], SocketIo.ForThisSystem);
        using CancellationTokenSource stop = new();
        using BlockedThreads sleepers = new(sockets, stop.Token);
        sockets.SetBlocking(true);
        stop.Cancel();

        using (sleepers.Enter(listener))
            Assert.False(sockets.TryAccept(listener, out _)); // would sleep for ever
    });

    /// <summary>All fall asleep in recv; some are spoken to just when all are let go; then the rest is echoed.</summary>
    private static void SleepTalkAndLetGo(SocketSet sockets, List<Peer> peers, Random random)
    {
        sockets.SetBlocking(true);
        using CancellationTokenSource stop = new();
        using BlockedThreads sleepers = new(sockets, stop.Token);
        List<BackgroundWork> asleep = [];
        foreach (Connection connection in sockets)
            asleep.Add(BackgroundWork.Begin(() => EchoUntil(connection, sleepers, stop.Token)));

        BackgroundWork talk = BackgroundWork.Begin(() =>
        {
            foreach (Peer peer in peers.Where(_ => random.Next(2) == 0))
                peer.Say(random.Next(1, 20_000));
        });

        Thread.Sleep(random.Next(50));
        stop.Cancel();
        talk.Done();
        foreach (BackgroundWork sleeper in asleep)
            sleeper.Done();

        sockets.SetBlocking(false);
        byte[] buffer = new byte[Connection.BufferSize];
        Limit.Until(() => EchoAll(sockets, peers, buffer), "every byte is echoed");
    }

    private static void EchoUntil(Connection connection, BlockedThreads sleepers, CancellationToken stop)
    {
        byte[] buffer = new byte[Connection.BufferSize];
        using (sleepers.Enter(connection))
        {
            while (!stop.IsCancellationRequested)
                Assert.NotEqual(IoStatus.Closed, connection.Echo(buffer));
        }
    }

    private static bool EchoAll(SocketSet sockets, List<Peer> peers, byte[] buffer)
    {
        foreach (Connection connection in sockets)
            Assert.NotEqual(IoStatus.Closed, connection.Echo(buffer));
        foreach (Peer peer in peers)
            peer.TryHear();

        return peers.TrueForAll(peer => peer.Ledger.Missing == 0);
    }
}
