using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>What children receive and send is counted, once, though the server makes none of the calls.</summary>
public sealed class ProcessCountTests
{
    private const int SmallQueue = 8 * 1024;
    private const int MiB = 1024 * 1024;
    private const string Model = "process";

    public static TheoryData<string> Others => EveryModel.HandingOver;

    [Fact]
    public void Counts_while_the_children_live_and_when_they_have_gone() => TestServer.Run(Model, server =>
    {
        Peer[] peers = [server.Connect(), server.Connect(), server.Connect()];
        foreach (Peer peer in peers)
            peer.Exchange(1_000);

        Limit.Until(() => Total(server) == new ByteCount(3_000, 3_000), "3,000 bytes in and out");
        peers[0].Leave();
        server.AwaitClosed(1);
        Assert.Equal((1_000, 1_000), Counts(server.Closed.Single().Connection));
        peers[1].Stream(MiB);
        peers[2].Exchange(1);
        Limit.Until(() => Total(server) == new ByteCount(MiB + 3_001, MiB + 3_001), "all bytes in and out");
        peers[1].Leave();
        peers[2].Reset();
        server.AwaitClosed(3);
        Assert.Equal(new ByteCount(MiB + 3_001, MiB + 3_001), Total(server));
        Assert.Equal([1_000, 1_001, MiB + 1_000], server.Closed.Select(closed => closed.Connection.BytesIn).Order());
    });

    [Theory]
    [MemberData(nameof(Others))]
    public void Counts_only_what_came_after_the_switch(string before) => TestServer.Run(before, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(30_000);
        Limit.Until(() => server.Accepted.Single().BytesIn == 30_000, "the model has counted");
        server.Switch(Model);
        Limit.Until(() => server.Sockets.Children.Count == 1, "the child has taken over");
        peer.Exchange(5_000);
        Limit.Until(() => Total(server) == new ByteCount(5_000, 5_000), "5,000 bytes");
        server.Switch("epoll");
        peer.Exchange(700);
        peer.Leave();
        server.AwaitClosed(1);
        Assert.Equal((35_700, 35_700), Counts(server.Closed.Single().Connection));
        Assert.Equal(new ByteCount(5_700, 5_700), Total(server));
    });

    [Fact]
    public void Counts_for_the_child_what_had_arrived_before_it()
    {
        ModelRow nobody = FakeModel.Row("nobody", FakeModel.ServeNobody);
        TestServer.Run(nobody, new ServerOptions(), server =>
        {
            Peer peer = server.Connect();
            peer.Say(1_000);
            server.Switch(Model);
            peer.Hear(1_000);
            peer.Leave();
            server.AwaitClosed(1);
            Assert.Equal(new ByteCount(1_000, 1_000), Total(server));
        });
    }

    [Fact]
    public void Counts_what_a_client_got_that_does_not_read() => TestServer.Run(Model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SayUntilStuck(16 * MiB);
        ByteCount stuck = Total(server);
        Assert.InRange(stuck.Out, 1, stuck.In);
        Assert.InRange(stuck.In, stuck.Out, peer.Ledger.Sent);

        server.Stop(TimeSpan.FromMilliseconds(200));
        Assert.Equal(stuck, Total(server));
    });

    [Fact]
    public void Does_not_count_what_a_killed_child_has_left_unread() => TestServer.Run(Model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        Limit.Until(() => server.Sockets.Children.Count == 1, "the child is told of");
        ChildProcess child = new(server.Accepted.Single().Child);
        child.Signal(ChildProcess.SIGSTOP);
        Limit.Until(() => child.State == 'T', "it is stopped"); // until then it may still wake up and receive
        peer.Say(50);
        Limit.Until(() => server.Accepted.Single().Socket.Available == 50, "it lies there");
        Assert.Equal(new ByteCount(100, 100), Total(server));
        child.Signal(ChildProcess.SIGKILL);
        server.AwaitClosed(1);
        Assert.Equal(new ByteCount(100, 100), Total(server));
    });

    private static ByteCount Total(TestServer server) => server.Sockets.Children.Traffic.Total;

    private static (long In, long Out) Counts(Connection connection) => (connection.BytesIn, connection.BytesOut);
}
