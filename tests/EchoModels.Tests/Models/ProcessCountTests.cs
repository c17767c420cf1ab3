using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Processes;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>The bytes that child processes receive and send are counted, once, although the server makes none of the calls.</summary>
public sealed class ProcessCountTests
{
    private const int SmallQueue = 8 * 1024;
    private const int MiB = 1024 * 1024;
    private const string Model = "process";

    public static TheoryData<string> Others => EveryModel.HandingOver;

    [Fact]
    public void Counts_while_the_children_run_and_after_they_have_ended() => TestServer.Run(Model, server =>
    {
        Peer[] peers = [server.Connect(), server.Connect(), server.Connect()];
        foreach (Peer peer in peers)
            peer.Exchange(1_000);

        Limit.Until(() => Total(server) == new ByteCount(3_000, 3_000), "3,000 bytes in and out");
        peers[0].Close();
        server.AwaitClosed(1);
        Assert.Equal((1_000, 1_000), Counts(server.Closed.Single()));
        peers[1].Stream(MiB);
        peers[2].Exchange(1);
        Limit.Until(() => Total(server) == new ByteCount(MiB + 3_001, MiB + 3_001), "all bytes in and out");
        peers[1].Close();
        peers[2].Reset();
        server.AwaitClosed(3);
        Assert.Equal(new ByteCount(MiB + 3_001, MiB + 3_001), Total(server));
        Assert.Equal([1_000, 1_001, MiB + 1_000], server.Closed.Select(closed => closed.BytesIn).Order());
    });

    [Theory]
    [MemberData(nameof(Others))]
    public void Counts_only_what_arrived_after_the_switch(string before) => TestServer.Run(before, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(30_000);
        Limit.Until(() => server.Single.BytesIn == 30_000, "the model has counted");
        server.Switch(Model);
        Limit.Until(() => server.Services.Children.Count == 1, "the child serves");
        peer.Exchange(5_000);
        Limit.Until(() => Total(server) == new ByteCount(5_000, 5_000), "5,000 bytes");
        server.Switch("epoll");
        peer.Exchange(700);
        peer.Close();
        server.AwaitClosed(1);
        Assert.Equal((35_700, 35_700), Counts(server.Closed.Single()));
        Assert.Equal(new ByteCount(5_700, 5_700), Total(server));
    });

    [Fact]
    public void Counts_for_the_child_what_had_arrived_before_it()
    {
        ModelRow holder = FakeModel.Row("holder", FakeModel.HoldSockets);
        TestServer.Run(holder, new ServerOptions(), server =>
        {
            Peer peer = server.Connect();
            peer.Send(1_000);
            server.Switch(Model);
            peer.Receive(1_000);
            peer.Close();
            server.AwaitClosed(1);
            Assert.Equal(new ByteCount(1_000, 1_000), Total(server));
        });
    }

    [Slow]
    [Fact]
    public void Counts_what_was_sent_to_a_client_that_does_not_read() => TestServer.Run(Model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SendUntilBlocked(16 * MiB);
        ByteCount blocked = Total(server);
        Assert.InRange(blocked.Out, 1, blocked.In);
        Assert.InRange(blocked.In, blocked.Out, peer.Check.Sent);

        server.Stop(TimeSpan.FromMilliseconds(200));
        Assert.Equal(blocked, Total(server));
    });

    [Fact]
    public void Does_not_count_what_a_killed_child_has_left_unread() => TestServer.Run(Model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        Limit.Until(() => server.Services.Children.Count == 1, "the child serves");
        ChildProcess child = new(server.Await<ChildStarted>().Process);
        child.Signal(ChildProcess.SIGSTOP);
        Limit.Until(() => child.State == 'T', "it is stopped"); // until then it may still receive
        peer.Send(50);
        Limit.Until(() => Child(server).Connection.Available() == 50, "all of it has arrived");
        Assert.Equal(new ByteCount(100, 100), Total(server));
        child.Signal(ChildProcess.SIGKILL);
        server.AwaitClosed(1);
        Assert.Equal(new ByteCount(100, 100), Total(server));
    });

    private static ChildConnection Child(TestServer server) => server.Services.Children.Traffic.Update()[0];

    private static ByteCount Total(TestServer server) => server.Services.Children.Traffic.Total;

    private static (long In, long Out) Counts(ConnectionClosed closed) => (closed.BytesIn, closed.Child!.BytesOut);
}
