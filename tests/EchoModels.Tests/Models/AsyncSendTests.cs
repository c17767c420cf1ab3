using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>When async is stopped while it has unsent bytes, it knows which were sent: no byte is lost or sent twice.</summary>
[Slow]
public sealed class AsyncSendTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    [Fact]
    public void Knows_what_it_has_sent_when_it_is_stopped_2000_times_under_slow_readers() => ModelHarness.Run(harness =>
    {
        int seed = Seeds.Take();
        List<Peer> peers = [.. Enumerable.Range(0, 8).Select(i => harness.Connect(seed, i, SmallQueue))];
        using CancellationTokenSource enough = new();
        BackgroundWork reading = BackgroundWork.Start(() => ReadSlowly(peers, new Random(seed), enough.Token));

        int unsent = 0;
        for (int i = 0; i < 2_000; i++)
        {
            harness.Start("async");
            harness.Stop();
            foreach (Connection connection in harness.Sockets)
                unsent += connection.HasUnsent ? 1 : 0;
        }

        enough.Cancel();
        reading.Wait();
        Assert.True(unsent > 500, $"it was stopped with unsent bytes only {unsent} times");

        harness.Start("async");
        foreach (Peer peer in peers)
        {
            peer.HalfClose();
            peer.ReceiveToEnd();
        }

        harness.AwaitAllClosed();
        Assert.All(harness.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Fact]
    public void Stops_although_its_clients_never_read() => ModelHarness.Run(harness =>
    {
        int seed = Seeds.Take();
        List<Peer> peers = [.. Enumerable.Range(0, 20).Select(i => harness.Connect(seed, i, SmallQueue))];
        harness.Start("async");
        foreach (Peer peer in peers)
            peer.SendUntilBlocked(16 * MiB);

        harness.Stop(); // fails if the model waits for its clients: they read only after it has stopped
        Assert.Equal(peers.Count, harness.Sockets.Count);
        foreach (Connection connection in harness.Sockets)
            Assert.InRange(connection.Unsent.Length, 1, Connection.BufferSize);

        harness.Start("threads");
        foreach (Peer peer in peers)
        {
            peer.HalfClose();
            peer.ReceiveToEnd();
        }

        harness.AwaitAllClosed();
    });

    private static void ReadSlowly(List<Peer> peers, Random random, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            Peer peer = peers[random.Next(peers.Count)];
            if (peer.Check.Missing < 64 * 1024)
                peer.TrySend(random.Next(1, 20_000));

            peer.TryReceive(random.Next(1, 3_000));
            if (random.Next(10) == 0)
                Thread.Yield();
        }
    }
}
