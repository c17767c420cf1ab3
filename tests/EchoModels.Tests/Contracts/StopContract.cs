using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>A model that is stopped returns, leaves each open connection in the set for the next model, and loses no byte.</summary>
public sealed class StopContract
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    public static TheoryData<string> Available => EveryModel.Available;

    public static TheoryData<string> HandingOver => EveryModel.HandingOver;

    public static TheoryData<string> ServingAndHandingOver =>
        [.. EveryModel.Names.Where(name => EveryModel.ServesAll(name) && !EveryModel.Find(name).KeepsConnections)];

    [Theory]
    [MemberData(nameof(Available))]
    public void Stops_when_no_client_is_connected(string model) => ModelHarness.Run(harness =>
    {
        harness.Start(model);
        harness.Stop();

        Assert.Equal(0, harness.Sockets.Count);
        Assert.Single(harness.Sockets.Listeners);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Available))]
    public void Stops_right_after_it_has_started(string model) => ModelHarness.Run(harness =>
    {
        for (int i = 0; i < 20; i++)
        {
            harness.Start(model);
            harness.Stop();
        }

        harness.Start(model);
        Peer peer = harness.Connect(Seeds.Take(), 0);
        peer.Exchange(1_000);
        peer.Close();
        harness.Stop();
    });

    [Theory]
    [MemberData(nameof(HandingOver))]
    public void Returns_when_it_is_stopped_before_it_begins(string model) => ModelHarness.Run(harness =>
    {
        int seed = Seeds.Take();
        Peer peer = harness.Connect(seed, 0);
        harness.Start(model);
        peer.Exchange(100);
        harness.Stop();
        for (int i = 0; i < 20; i++)
            harness.RunStopped(model);

        Assert.Equal(1, harness.Sockets.Count);
        harness.Start(model);
        peer.Exchange(100);
        peer.Close();
        harness.Stop();
    });

    [Theory]
    [MemberData(nameof(ServingAndHandingOver))]
    public void Leaves_idle_connections_to_the_next_model(string model) => ModelHarness.Run(harness =>
    {
        int seed = Seeds.Take();
        harness.Start(model);
        List<Peer> peers = [.. Enumerable.Range(0, 50).Select(i => harness.Connect(seed, i))];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        harness.Stop();
        Assert.Equal(50, harness.Sockets.Count);

        // What they send now waits in the kernel for the next model.
        foreach (Peer peer in peers)
            peer.Send(100);

        harness.Start(model);
        foreach (Peer peer in peers)
        {
            peer.Receive(100);
            peer.Close();
        }

        harness.AwaitAllClosed();
        harness.Stop();
    });

    [Slow]
    [Theory]
    [MemberData(nameof(HandingOver))]
    public void Leaves_unsent_bytes_to_the_next_model(string model) => ModelHarness.Run(harness =>
    {
        harness.Start(model);
        Peer peer = harness.Connect(Seeds.Take(), 0, SmallQueue);
        peer.SendUntilBlocked(16 * MiB);
        harness.Stop();

        Connection connection = Single(harness.Sockets);
        Assert.InRange(connection.Unsent.Length, 1, Connection.BufferSize);

        harness.Start(model);
        peer.HalfClose();
        peer.ReceiveToEnd();
        harness.AwaitAllClosed();
        harness.Stop();
        Assert.Equal([CloseReason.PeerClosed], harness.Reasons);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(HandingOver))]
    public void Stops_in_the_middle_of_traffic(string model) => ModelHarness.Run(harness =>
    {
        int seed = Seeds.Take();
        harness.Start(model);
        Peer peer = harness.Connect(seed, 0);
        using CancellationTokenSource enough = new();
        BackgroundWork traffic = BackgroundWork.Start(() =>
        {
            while (!enough.IsCancellationRequested)
                peer.Stream(64 * 1024);
        });

        for (int i = 0; i < 20; i++)
        {
            Thread.Sleep(5);
            harness.Stop();
            Assert.Equal(1, harness.Sockets.Count);
            harness.Start(model);
        }

        enough.Cancel();
        traffic.Wait();
        peer.Close();
        harness.AwaitAllClosed();
        harness.Stop();
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Leaves_clients_in_the_backlog_to_the_next_model(string model) => ModelHarness.Run(harness =>
    {
        int seed = Seeds.Take();
        List<Peer> peers = [.. Enumerable.Range(0, 5).Select(i => harness.Connect(seed, i))];
        harness.Start(model);
        harness.Stop();
        harness.Start(model);
        foreach (Peer peer in peers)
        {
            peer.Exchange(100);
            peer.Close();
        }

        harness.Stop();
    });

    private static Connection Single(SocketSet sockets)
    {
        Assert.Equal(1, sockets.Count);
        Connection? single = null;
        foreach (Connection connection in sockets)
            single = connection;

        return single!;
    }
}
