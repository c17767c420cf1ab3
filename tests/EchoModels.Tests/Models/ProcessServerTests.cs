using System.Collections.Concurrent;
using System.Diagnostics;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Models;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>A child has only its socket from the server, keeps it when the model is switched, and never outlives the server.</summary>
public sealed class ProcessServerTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;
    private const string Model = "process";

    /// <summary>A stop with this limit ends only because there is nothing left to wait for.</summary>
    private static readonly TimeSpan Unlimited = Timeout.InfiniteTimeSpan;

    [Fact]
    public void A_child_has_its_socket_as_stdin_and_stdout_and_no_other_descriptor_but_stderr() => Run((server, children) =>
    {
        Peer[] peers = [server.Connect(), server.Connect()];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        Limit.Until(() => children.Count == 2, "both children have started");
        Assert.All(children, child => Assert.Equal([0, 1, 2], child.Descriptors));
        Assert.All(children, child => Assert.StartsWith("socket:", child.Target(0), StringComparison.Ordinal));
        Assert.All(children, child => Assert.Equal(child.Target(0), child.Target(1)));
        Assert.Equal(2, children.Select(child => child.Target(0)).Distinct().Count());
    });

    [Fact]
    public void A_child_ignores_no_signal_and_blocks_none_and_is_not_in_the_terminals_group() => Run((server, children) =>
    {
        server.Connect().Exchange(100);

        Limit.Until(() => !children.IsEmpty, "the child has started"); // the echo may come before the event
        ChildProcess child = children.Single();
        Assert.Equal((0u, 0u), (child.Signals("SigIgn"), child.Signals("SigBlk")));
        Assert.Equal(child.Id, child.Group);
    });

    [Slow]
    [Fact]
    public void A_child_ends_when_its_client_has_reset() => Run((server, _) =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SendUntilBlocked(16 * MiB);
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
            peer.Close();
        }

        server.AwaitClosed(100);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
        Assert.Equal(100, children.Count);
        Assert.DoesNotContain(children, child => child.Exists);
        Assert.Equal(0, server.Services.Children.Count);
    });

    [Fact]
    public void Does_not_reap_child_processes_that_are_not_its_own() => Run((server, _) =>
    {
        using Process other = Process.Start("true");
        Peer peer = server.Connect();
        peer.Exchange(10);
        peer.Close();
        server.AwaitClosed(1);

        Assert.True(other.WaitForExit(Limit.Generous));
        Assert.Equal(0, other.ExitCode);
    });

    [Fact]
    public void Leaves_clients_in_the_backlog_while_there_is_the_maximum_of_children() => Run((server, children) =>
    {
        const int Most = 2;
        server.Services.Children.Limit = Most;
        Peer[] peers = [.. Enumerable.Range(0, 4).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Send(100);

        peers[0].Receive(100);
        peers[1].Receive(100);
        int most = 0;
        for (int i = 0; i < 200; i++)
        {
            peers[i % Most].Exchange(100);
            most = Math.Max(most, server.Services.Children.Count);
        }

        Assert.Equal((0, 0, Most), (peers[2].Available, peers[3].Available, children.Count));
        Assert.Equal(Most, server.Accepted.Count); // the others are still in the backlog
        foreach (Peer peer in peers)
        {
            peer.HalfClose();
            peer.ReceiveToEnd();
        }

        server.AwaitClosed(peers.Length);
        Assert.Equal(peers.Length, server.Published<ChildStarted>().Count);
        Assert.Equal(Most, most);
    });

    [Fact]
    public void Keeps_connections_waiting_beyond_the_maximum_and_hands_them_on() => TestServer.Run("epoll", server =>
    {
        server.Services.Children.Limit = 2;
        Peer[] peers = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        server.Switch(Model);
        Limit.Until(() => server.Sockets.Waiting == 3, "three wait");
        Assert.Equal((2, 3), (server.Services.Children.Count, server.Sockets.Count));

        Assert.Equal(3, server.Switch("epoll").Connections);
        Assert.Equal(0, server.Sockets.Waiting);
        foreach (Peer peer in peers)
        {
            peer.Exchange(100);
            peer.Close();
        }
    });

    [Fact]
    public void A_child_continues_when_the_model_is_switched() => Run((server, children) =>
    {
        Peer first = server.Connect();
        first.Exchange(100);

        Assert.Equal(0, server.Switch("epoll").Connections);
        Peer second = server.Connect();
        second.Exchange(100);
        first.Exchange(100_000);
        Assert.Equal((1, 1), (children.Count, server.Services.Children.Count));

        first.Close();
        server.AwaitClosed(1);
        Assert.False(children.Single().Exists);
        Assert.Equal(server.Accepted[0].Token, server.Closed.Single().Token);
        second.Close();
    });

    [Fact]
    public void Sends_the_unsent_bytes_before_the_child_begins() => TestServer.Run("epoll", new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SendUntilBlocked(16 * MiB);
        Limit.Until(() => server.Single.HasUnsent, "it has unsent bytes");

        server.Switch(Model);
        Assert.Equal((0, 1), (server.Services.Children.Count, server.Sockets.Count));
        server.Switch("epoll"); // and can be stopped in between
        server.Switch(Model);
        peer.Receive(peer.Check.Missing);
        Limit.Until(() => server.Services.Children.Count == 1, "the child serves");
        peer.Exchange(1_000);
        peer.Close();
    });

    [Fact]
    public void Ends_with_all_its_children_and_does_not_wait_for_idle_clients() => Run((server, children) =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 20).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        server.Switch("epoll");
        server.Stop(Unlimited);

        Assert.Equal(20, children.Count);
        Assert.DoesNotContain(children, child => child.Exists);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Drain, reason));
        foreach (Peer peer in peers)
            peer.ReceiveToEnd();
    });

    [Slow]
    [Fact]
    public void Terminates_at_the_limit_a_child_whose_client_never_reads() => Run((server, children) =>
    {
        server.Connect(queue: SmallQueue).SendUntilBlocked(16 * MiB);
        Limit.Until(() => !children.IsEmpty, "the child has started");
        server.Stop(TimeSpan.FromMilliseconds(200));

        Assert.False(children.Single().Exists);
        Assert.Equal([CloseReason.Drain], server.Reasons);
    });

    [Fact]
    public void Cannot_be_started_when_its_program_cannot_be_run() => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        ModelRow bad = EveryModel.Find(Model) with { Name = "bad", Create = context => new ProcessServer(["no program of this name"], context.Children) };

        SwitchRefusedException refusal = Assert.Throws<SwitchRefusedException>(() => server.Switch(bad));
        Assert.Contains("no program of this name", refusal.Message, StringComparison.Ordinal);
        peer.Exchange(100);
        peer.Close();
    });

    [Fact]
    public void Can_run_a_child_that_changes_the_bytes()
    {
        Reply reply = Reply.Echo.Upper().WithPrefix("<").WithSuffix(">");
        string cli = Path.Combine(AppContext.BaseDirectory, "echomodels.dll");
        ModelRow row = EveryModel.Find(Model) with
        {
            Create = context => new ProcessServer(["dotnet", cli, EchoModels.Cli.Serving.Child.Verb, .. reply.ToArguments()], context.Children),
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
            using (server.Services.Events.Subscribe("children", happened =>
            {
                if (happened is ChildStarted started)
                    children.Enqueue(new ChildProcess(started.Process));
            }))
            {
                test(server, children);
            }
        });
}
