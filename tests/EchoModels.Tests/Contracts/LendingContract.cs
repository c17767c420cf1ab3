using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>A model borrows its sockets: told to stop, it returns, each live socket is in the set, and no byte is missing.</summary>
public sealed class LendingContract
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    public static TheoryData<string> Here => EveryModel.Here;

    public static TheoryData<string> HandingOver => EveryModel.HandingOver;

    public static TheoryData<string> ServingAndHandingOver =>
        [.. EveryModel.Names.Where(name => EveryModel.ServesAll(name) && !EveryModel.Find(name).KeepsConnections)];

    [Theory]
    [MemberData(nameof(Here))]
    public void Lets_go_when_nobody_is_connected(string model) => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        loan.LendTo(model);
        loan.TakeBack();

        Assert.Equal(0, loan.Sockets.Count);
        Assert.Single(loan.Sockets.Listeners);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Lets_go_right_after_it_has_adopted(string model) => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        for (int i = 0; i < 20; i++)
        {
            loan.LendTo(model);
            loan.TakeBack();
        }

        loan.LendTo(model);
        Peer peer = loan.Connect(Seeds.Take(), 0);
        peer.Exchange(1_000);
        peer.Leave();
        loan.TakeBack();
    });

    [Theory]
    [MemberData(nameof(HandingOver))]
    public void Returns_when_told_to_stop_before_it_begins(string model) => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        int seed = Seeds.Take();
        Peer peer = loan.Connect(seed, 0);
        loan.LendTo(model);
        peer.Exchange(100);
        loan.TakeBack();
        for (int i = 0; i < 20; i++)
            loan.LendStopped(model);

        Assert.Equal(1, loan.Sockets.Count);
        loan.LendTo(model);
        peer.Exchange(100);
        peer.Leave();
        loan.TakeBack();
    });

    [Theory]
    [MemberData(nameof(ServingAndHandingOver))]
    public void Lets_go_of_idle_connections(string model) => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        int seed = Seeds.Take();
        loan.LendTo(model);
        List<Peer> peers = [.. Enumerable.Range(0, 50).Select(i => loan.Connect(seed, i))];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        loan.TakeBack();
        Assert.Equal(50, loan.Sockets.Count);

        // What they say meanwhile waits in the kernel for the next model.
        foreach (Peer peer in peers)
            peer.Say(100);

        loan.LendTo(model);
        foreach (Peer peer in peers)
        {
            peer.Hear(100);
            peer.Leave();
        }

        loan.AwaitAllClosed();
        loan.TakeBack();
    });

    [Theory]
    [MemberData(nameof(HandingOver))]
    public void Lets_go_of_a_connection_that_is_owed_bytes(string model) => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        loan.LendTo(model);
        Peer peer = loan.Connect(Seeds.Take(), 0, SmallQueue);
        peer.SayUntilStuck(16 * MiB);
        loan.TakeBack();

        Connection connection = Single(loan.Sockets);
        Assert.InRange(connection.UnsentBytes, 1, Connection.BufferSize);

        loan.LendTo(model);
        peer.HalfClose();
        peer.HearEnd();
        loan.AwaitAllClosed();
        loan.TakeBack();
        Assert.Equal([CloseReason.PeerClosed], loan.Reasons);
    });

    [Theory]
    [MemberData(nameof(HandingOver))]
    public void Lets_go_in_the_midst_of_traffic(string model) => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        int seed = Seeds.Take();
        loan.LendTo(model);
        Peer peer = loan.Connect(seed, 0);
        using CancellationTokenSource enough = new();
        BackgroundWork talk = BackgroundWork.Begin(() =>
        {
            while (!enough.IsCancellationRequested)
                peer.Stream(64 * 1024);
        });

        for (int i = 0; i < 20; i++)
        {
            Thread.Sleep(5);
            loan.TakeBack();
            Assert.Equal(1, loan.Sockets.Count);
            loan.LendTo(model);
        }

        enough.Cancel();
        talk.Done();
        peer.Leave();
        loan.AwaitAllClosed();
        loan.TakeBack();
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Leaves_those_in_the_backlog_to_the_next_model(string model) => ModelHarness.Run(SocketIo.ForThisSystem, loan =>
    {
        int seed = Seeds.Take();
        List<Peer> peers = [.. Enumerable.Range(0, 5).Select(i => loan.Connect(seed, i))];
        loan.LendTo(model);
        loan.TakeBack();
        loan.LendTo(model);
        foreach (Peer peer in peers)
        {
            peer.Exchange(100);
            peer.Leave();
        }

        loan.TakeBack();
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
