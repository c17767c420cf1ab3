using EchoModels.Connections;
using EchoModels.Tests.Support;
using EchoModels.Threading;
using Xunit;

namespace EchoModels.Tests.Threading;

public sealed class BlockedThreadsTests
{
    private const int Threads = 500;

    [Slow]
    [Fact]
    public void Interrupts_500_threads_in_recv_and_loses_no_byte() => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        int seed = Seeds.Take();
        Listener listener = TestKernel.Listen(backlog: Threads);
        List<Peer> peers = [];
        using (SocketSet sockets = new([listener], TestKernel.Open()))
        {
            sockets.SetBlocking(true);
            for (int i = 0; i < Threads; i++)
            {
                peers.Add(new Peer(listener.EndPoint, seed, i));
                Assert.True(sockets.TryAccept(listener, out _));
            }

            for (int round = 0; round < 3; round++)
                BlockSendAndInterrupt(sockets, peers, new Random(seed + round));

            foreach (Peer peer in peers)
                peer.Dispose();
        }

        before.AssertNothingIsLeft();
    });

    [Fact]
    public void Interrupts_a_thread_that_registers_after_the_stop() => Limit.Run(Limit.Test, "the test", () =>
    {
        Listener listener = TestKernel.Listen(backlog: 1);
        using SocketSet sockets = new([listener], TestKernel.Open());
        using CancellationTokenSource stop = new();
        using BlockedThreads blocked = new(sockets, stop.Token);
        sockets.SetBlocking(true);
        stop.Cancel();

        using (blocked.Enter(listener))
            Assert.False(sockets.TryAccept(listener, out _)); // would block for ever
    });

    /// <summary>All threads block in recv; some clients send while all threads are interrupted; then the rest is echoed.</summary>
    private static void BlockSendAndInterrupt(SocketSet sockets, List<Peer> peers, Random random)
    {
        sockets.SetBlocking(true);
        using CancellationTokenSource stop = new();
        using BlockedThreads blocked = new(sockets, stop.Token);
        List<BackgroundWork> threads = [];
        foreach (Connection connection in sockets)
            threads.Add(BackgroundWork.Start(() => EchoUntil(connection, blocked, stop.Token)));

        BackgroundWork sending = BackgroundWork.Start(() =>
        {
            foreach (Peer peer in peers.Where(_ => random.Next(2) == 0))
                peer.Send(random.Next(1, 20_000));
        });

        Thread.Sleep(random.Next(50));
        stop.Cancel();
        sending.Wait();
        foreach (BackgroundWork thread in threads)
            thread.Wait();

        sockets.SetBlocking(false);
        byte[] buffer = new byte[Connection.BufferSize];
        Limit.Until(() => EchoAll(sockets, peers, buffer), "every byte is echoed");
    }

    private static void EchoUntil(Connection connection, BlockedThreads blocked, CancellationToken stop)
    {
        byte[] buffer = new byte[Connection.BufferSize];
        using (blocked.Enter(connection))
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
            peer.TryReceive();

        return peers.TrueForAll(peer => peer.Check.Missing == 0);
    }
}
