using System.Diagnostics;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>However often async is stopped while it owes, it knows what it has sent: no byte is lost, and none comes twice.</summary>
public sealed class AsyncSendTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    [Fact]
    public void Knows_what_it_has_sent_however_often_it_is_stopped_while_a_slow_reader_reads() => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        int seed = Seeds.Take();
        List<Peer> peers = [.. Enumerable.Range(0, 8).Select(i => loan.Connect(seed, i, SmallQueue))];
        using CancellationTokenSource enough = new();
        BackgroundWork reading = BackgroundWork.Begin(() => ReadSlowly(peers, new Random(seed), enough.Token));

        int owed = 0;
        for (int i = 0; i < 2_000; i++)
        {
            loan.LendTo("async");
            loan.TakeBack();
            foreach (Connection connection in loan.Sockets)
                owed += connection.HasUnsent ? 1 : 0;
        }

        enough.Cancel();
        reading.Done();
        Assert.True(owed > 500, $"it was stopped only {owed} times while it owed");

        loan.LendTo("async");
        foreach (Peer peer in peers)
        {
            peer.HalfClose();
            peer.HearEnd();
        }

        loan.AwaitAllClosed();
        Assert.All(loan.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Fact]
    public void Lets_go_at_once_of_clients_that_never_read() => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        int seed = Seeds.Take();
        List<Peer> peers = [.. Enumerable.Range(0, 20).Select(i => loan.Connect(seed, i, SmallQueue))];
        loan.LendTo("async");
        foreach (Peer peer in peers)
            peer.SayUntilStuck(16 * MiB);

        long begun = Stopwatch.GetTimestamp();
        loan.TakeBack();
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalMilliseconds, 0, 1_000);

        foreach (Connection connection in loan.Sockets)
            Assert.InRange(connection.UnsentBytes, 1, Connection.BufferSize);

        loan.LendTo("threads");
        foreach (Peer peer in peers)
        {
            peer.HalfClose();
            peer.HearEnd();
        }

        loan.AwaitAllClosed();
    });

    private static void ReadSlowly(List<Peer> peers, Random random, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            Peer peer = peers[random.Next(peers.Count)];
            if (peer.Ledger.Missing < 64 * 1024)
                peer.TrySay(random.Next(1, 20_000));

            peer.TryHear(random.Next(1, 3_000));
            if (random.Next(10) == 0)
                Thread.Yield();
        }
    }
}
