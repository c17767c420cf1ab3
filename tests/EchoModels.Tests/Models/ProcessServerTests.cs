using System.Collections.Concurrent;
using System.Diagnostics;
using EchoModels.Connections;
using EchoModels.Models;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>A child has its socket and nothing else of the server's, stays when the model goes, and never outlives the server.</summary>
public sealed class ProcessServerTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;
    private const string Model = "process";

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_child_has_its_socket_as_input_and_output_and_no_other_descriptor_but_the_errors() => Run((server, children) =>
    {
        Peer[] peers = [server.Connect(), server.Connect()];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        Limit.Until(() => children.Count == 2, "both are told of");
        Assert.All(children, child => Assert.Equal([0, 1, 2], child.Descriptors));
        Assert.All(children, child => Assert.StartsWith("socket:", child.Target(0), StringComparison.Ordinal));
        Assert.All(children, child => Assert.Equal(child.Target(0), child.Target(1)));
        Assert.Equal(2, children.Select(child => child.Target(0)).Distinct().Count());
    });

    [Fact]
    public void A_child_ignores_no_signal_and_blocks_none_and_is_not_in_the_terminals_group() => Run((server, children) =>
    {
        server.Connect().Exchange(100);

        Limit.Until(() => !children.IsEmpty, "it is told of"); // it may answer before
        ChildProcess child = children.Single();
        Assert.Equal((0u, 0u), (child.Signals("SigIgn"), child.Signals("SigBlk")));
        Assert.Equal(child.Id, child.Group);
    });

    [Fact]
    public void A_child_dies_of_a_client_that_has_gone() => Run((server, _) =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SayUntilStuck(16 * MiB);
        peer.Reset();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Reset], server.Reasons);
    });

    [Fact]
    public void Leaves_no_zombie_after_many_short_connections() => Run((server, children) =>
    {
        for (int i = 0; i < 100; i++)
        {
            Peer peer = server.Connect();
            peer.Exchange(10);
            peer.Leave();
        }

        server.AwaitClosed(100);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
        Assert.Equal(100, children.Count);
        Assert.DoesNotContain(children, child => child.Exists);
        Assert.Equal(0, server.Sockets.Children.Count);
    });

    [Fact]
    public void Leaves_other_peoples_children_alone() => Run((server, _) =>
    {
        using Process stranger = Process.Start("true");
        Peer peer = server.Connect();
        peer.Exchange(10);
        peer.Leave();
        server.AwaitClosed(1);

        Assert.True(stranger.WaitForExit(Limit.Generous));
        Assert.Equal(0, stranger.ExitCode);
    });

    [Fact]
    public void Lets_clients_wait_when_there_are_as_many_children_as_there_may_be() => Run((server, children) =>
    {
        server.Sockets.Children.Limit = 2;
        Peer[] peers = [.. Enumerable.Range(0, 4).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Say(100);

        peers[0].Hear(100);
        peers[1].Hear(100);
        Thread.Sleep(100);
        Assert.Equal((0, 0, 2), (peers[2].Available, peers[3].Available, children.Count));
        foreach (Peer peer in peers)
        {
            peer.HalfClose();
            peer.HearEnd();
        }
    });

    [Fact]
    public void Lets_those_wait_whom_it_adopted_and_gives_them_back() => TestServer.Run("epoll", server =>
    {
        server.Sockets.Children.Limit = 2;
        Peer[] peers = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        server.Switch(Model);
        Limit.Until(() => server.Sockets.Waiting == 3, "three wait");
        Assert.Equal((2, 3), (server.Sockets.Children.Count, server.Sockets.Count));

        Assert.Equal(3, server.Switch("epoll").Connections);
        Assert.Equal(0, server.Sockets.Waiting);
        foreach (Peer peer in peers)
        {
            peer.Exchange(100);
            peer.Leave();
        }
    });

    [Fact]
    public void A_child_goes_on_when_the_model_has_gone() => Run((server, children) =>
    {
        Peer stays = server.Connect();
        stays.Exchange(100);

        Assert.Equal(0, server.Switch("epoll").Connections);
        Peer comes = server.Connect();
        comes.Exchange(100);
        stays.Exchange(100_000);
        Assert.Equal((1, 1), (children.Count, server.Sockets.Children.Count));

        stays.Leave();
        server.AwaitClosed(1);
        Assert.False(children.Single().Exists);
        Assert.Equal(server.Accepted.First(), server.Closed.Single().Connection);
        comes.Leave();
    });

    [Fact]
    public void Sends_what_it_owes_before_the_child_begins() => TestServer.Run("epoll", new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SayUntilStuck(16 * MiB);
        Limit.Until(() => server.Accepted.Single().HasUnsent, "it owes");

        server.Switch(Model);
        Assert.Equal((0, 1), (server.Sockets.Children.Count, server.Sockets.Count));
        server.Switch("epoll"); // and can be told to stop meanwhile
        server.Switch(Model);
        BackgroundWork listens = BackgroundWork.Begin(() => peer.Hear(peer.Ledger.Missing));
        listens.Done();
        Limit.Until(() => server.Sockets.Children.Count == 1, "the child has taken over");
        peer.Exchange(1_000);
        peer.Leave();
    });

    [Fact]
    public void Ends_with_all_its_children_and_does_not_wait_for_idle_clients() => Run((server, children) =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 20).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        server.Switch("epoll");
        long begun = Stopwatch.GetTimestamp();
        server.Stop(Long);

        Assert.True(Stopwatch.GetElapsedTime(begun) < Long / 2);
        Assert.Equal(20, children.Count);
        Assert.DoesNotContain(children, child => child.Exists);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Drain, reason));
        foreach (Peer peer in peers)
            peer.HearEnd();
    });

    [Fact]
    public void Terminates_at_the_limit_a_child_whose_client_never_reads() => Run((server, children) =>
    {
        server.Connect(queue: SmallQueue).SayUntilStuck(16 * MiB);
        Limit.Until(() => !children.IsEmpty, "it is told of");
        server.Stop(TimeSpan.FromMilliseconds(200));

        Assert.False(children.Single().Exists);
        Assert.Equal([CloseReason.Drain], server.Reasons);
    });

    [Fact]
    public void Is_refused_when_its_program_cannot_be_run() => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        ModelRow bad = EveryModel.Find(Model) with { Name = "bad", Create = _ => new ProcessServer(["no program of this name"]) };

        SwitchRefusedException refusal = Assert.Throws<SwitchRefusedException>(() => server.Switch(bad));
        Assert.Contains("no program of this name", refusal.Message, StringComparison.Ordinal);
        peer.Exchange(100);
        peer.Leave();
    });

    [Fact]
    public void Has_a_child_that_can_make_replies()
    {
        Reply reply = Reply.Echo.Upper().WithPrefix("<").WithSuffix(">");
        string cli = Path.Combine(AppContext.BaseDirectory, "echomodels.dll");
        ModelRow row = EveryModel.Find(Model) with
        {
            Create = _ => new ProcessServer(["dotnet", cli, EchoModels.Cli.Serving.Child.Verb, .. reply.ToArguments()]),
        };

        TestServer.Run(row, new ServerOptions(), server =>
        {
            using System.Net.Sockets.TcpClient client = new();
            client.Connect(server.EndPoints[0]);
            client.ReceiveTimeout = (int)Limit.Generous.TotalMilliseconds;
            client.Client.Send("hello"u8);
            byte[] answer = new byte["<HELLO>"u8.Length];
            client.GetStream().ReadExactly(answer);
            Assert.Equal("<HELLO>"u8.ToArray(), answer);
        });
    }

    private static void Run(Action<TestServer, ConcurrentQueue<ChildProcess>> test) =>
        TestServer.Run(Model, new ServerOptions { Queue = SmallQueue }, server =>
        {
            ConcurrentQueue<ChildProcess> children = [];
            server.Sockets.Children.Started += connection => children.Enqueue(new ChildProcess(connection.Child));
            test(server, children);
        });
}
