using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Models;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>A connection on which nothing moves for too long is closed, whichever model serves it, and no other.</summary>
/// <remarks>Those with a time of their own run the check themselves, so that no time passes but what the test says.</remarks>
[Slow]
public sealed class IdleContract
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string> Available => EveryModel.Available;

    public static TheoryData<string> ServingAll => EveryModel.ServingAll;

    [Theory]
    [MemberData(nameof(Available))]
    public void Closes_a_client_that_sends_nothing(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        using IdleTimeout watch = new(server.Sockets, server.Services.Children, Short);
        peer.ReceiveToEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Closes_a_client_that_does_not_read(string model) => TestServer.Run(model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SendUntilBlocked(16 * MiB);
        using IdleTimeout watch = new(server.Sockets, server.Services.Children, Short);
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Keeps_a_client_that_sends_while_it_closes_an_idle_one(string model) => TestServer.Run(model, server =>
    {
        Peer active = server.Connect();
        Peer idle = server.Connect();
        active.Exchange(10);
        idle.Exchange(10);
        using IdleTimeout watch = new(server.Sockets, server.Services.Children, 10 * Short);
        while (server.Closed.Count == 0)
        {
            active.Exchange(1);
            Thread.Sleep(5);
        }

        active.Exchange(10);
        Assert.Equal([CloseReason.Idle], server.Reasons);
        Assert.Equal(server.Closed.Single().Peer, idle.Address);
        active.Close();
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Keeps_a_client_that_reads_slowly_what_it_was_sent(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        IdleCheck check = Check(server);
        peer.SendUntilBlocked(64 * MiB); // all queues are full: the model receives again only when much has been read
        int steps = 0;
        for (; steps < 30 && peer.Check.Missing > MiB; steps++)
        {
            ReadUntilSomeAreAcknowledged(server, peer);
            Pass(check, 0.5);
        }

        Assert.InRange(steps, 6, 30);
        Assert.Empty(server.Closed);
        peer.Receive(peer.Check.Missing);
        Pass(check, 0.5);
        Pass(check, 1.1);
        peer.ReceiveToEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Theory]
    [InlineData("blocking")]
    [InlineData("thread-pool")]
    [InlineData("process")]
    public void Keeps_clients_that_wait_for_a_thread_or_a_process(string model) => TestServer.Run("epoll", server =>
    {
        Peer served = server.Connect();
        served.Exchange(10);
        Peer silent = server.Connect();
        server.AwaitOpen(2);
        Peer talking = server.Connect();
        server.AwaitOpen(3);
        server.Services.Children.Limit = 1;
        server.Switch(model == "thread-pool" ? OneWorker : EveryModel.Find(model));
        Limit.Until(() => server.Sockets.Waiting == 2, "two of the three wait");
        talking.Send(10);
        IdleCheck check = Check(server);
        for (int i = 0; i < 10; i++)
        {
            served.Exchange(10);
            Pass(check, 0.9);
        }

        Assert.Empty(server.Closed);
        served.Close();
        Limit.Until(() => server.Sockets.Waiting == 1, "the turn of the silent one has come");
        Pass(check, 0.5); // now its time begins
        Pass(check, 1.1);
        silent.ReceiveToEnd();
        server.AwaitClosed(2);
        talking.Receive(10);
        Assert.Equal([CloseReason.PeerClosed, CloseReason.Idle], server.Reasons);
        talking.Close();
    });

    /// <summary>A model that comes to no end of its work for a while: a gate holds back its receives.</summary>
    [Theory]
    [MemberData(nameof(Receiving))]
    public void Keeps_clients_whose_bytes_the_server_has_not_received_yet(string model)
    {
        using Gate gate = new();
        TestServer.Run(model, new ServerOptions { Wrap = kernel => new GatedReceives(kernel, gate) }, server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(10);
            IdleCheck check = Check(server);
            Pass(check, 0.5);
            gate.Close();
            try
            {
                peer.Send(10);
                Limit.Until(() => gate.Waiting > 0, "the model is about to receive");
                peer.Send(10);
                for (int i = 0; i < 10; i++)
                    Pass(check, 0.9);

                Assert.Empty(server.Closed);
            }
            finally
            {
                gate.Open();
            }

            peer.Receive(20);
            peer.Close();
        });
    }

    [Fact]
    public void Does_not_count_time_in_which_the_server_stood_still() => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        IdleCheck check = Check(server);
        check.Run(TimeSpan.Zero);
        for (int i = 0; i < 4; i++)
            check.Run(TimeSpan.FromHours(1)); // each counts as two tenths of the timeout

        peer.Exchange(10);
        Assert.Empty(server.Closed);
        Pass(check, 0.1);
        Pass(check, 1);
        peer.ReceiveToEnd();
        server.AwaitClosed(1);
    });

    /// <summary>Models that receive through <see cref="IKernel"/>.</summary>
    public static TheoryData<string> Receiving =>
        [.. EveryModel.Names.Where(name => !EveryModel.MakesNoCalls(name) && !EveryModel.OnlyAccepts(name))];

    private static ModelRow OneWorker { get; } = EveryModel.Find("thread-pool") with { Name = "one worker", Create = _ => new ThreadPoolServer(1) };

    private static IdleCheck Check(TestServer server) => new(server.Sockets, server.Services.Children, TimeSpan.FromSeconds(10));

    /// <summary>Has so many timeouts pass, a tenth at a time.</summary>
    private static void Pass(IdleCheck check, double timeouts)
    {
        for (int i = 0; i < Math.Round(timeouts * 10); i++)
            check.Run(TimeSpan.FromSeconds(1));
    }

    /// <summary>A client's kernel tells of what was read in steps, and the server's model receives in larger ones.</summary>
    private static void ReadUntilSomeAreAcknowledged(TestServer server, Peer peer)
    {
        long before = Acknowledged();
        Limit.Until(
            () =>
            {
                peer.TryReceive(4 * 1024);
                return Acknowledged() != before;
            },
            "some of what was read is acknowledged");

        long Acknowledged()
        {
            IKernel kernel = server.Services.Kernels.System;
            List<Connection> connections = [.. server.Services.Children.Traffic.Update().Select(child => child.Connection)];
            server.Sockets.Visit(connections.Add);
            return connections.Sum(connection => StreamProgress.Of(connection, kernel).Acknowledged);
        }
    }

    /// <summary>Holds every receive back while a gate is closed; what is there stays unread.</summary>
    private sealed class GatedReceives(IKernel inner, Gate gate) : DelegatingKernel(inner)
    {
        public override int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error)
        {
            if (socket.Token != Token.Waker)
                gate.Pass();

            return base.Receive(socket, buffer, out error);
        }
    }

    /// <summary>Threads that come to it while it is closed wait.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _open = new(true);
        private int _waiting;

        public int Waiting => Volatile.Read(ref _waiting);

        public void Close() => _open.Reset();

        public void Open() => _open.Set();

        public void Pass()
        {
            Interlocked.Increment(ref _waiting);
            _open.Wait();
            Interlocked.Decrement(ref _waiting);
        }

        public void Dispose() => _open.Dispose();
    }
}
