using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>What can go wrong in a ring and nowhere else: it is too small, it has no buffers left, it was made in another way.</summary>
public sealed class IoUringTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    [Theory]
    [MemberData(nameof(OddRings.Names), MemberType = typeof(OddRings))]
    public void Returns_to_each_of_100_clients_what_it_said(string ring) => TestServer.Run(OddRings.Row(ring), new ServerOptions(), server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 100).Select(_ => server.Connect())];
        for (int i = 0; i < 10; i++)
        {
            foreach (Peer peer in peers)
                peer.Say(3_000);
            foreach (Peer peer in peers)
                peer.Hear(3_000);
        }

        foreach (Peer peer in peers)
            peer.Leave();

        server.AwaitClosed(100);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Theory]
    [MemberData(nameof(OddRings.Names), MemberType = typeof(OddRings))]
    public void Returns_a_long_stream(string ring) => TestServer.Run(OddRings.Row(ring), new ServerOptions(), server =>
    {
        Peer peer = server.Connect();
        peer.Stream(16 * MiB);
        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(OddRings.Names), MemberType = typeof(OddRings))]
    public void Returns_every_byte_to_slow_readers_that_half_close(string ring) =>
        TestServer.Run(OddRings.Row(ring), new ServerOptions { Queue = SmallQueue }, server =>
        {
            List<Peer> peers = [.. Enumerable.Range(0, 5).Select(_ => server.Connect(queue: SmallQueue))];
            foreach (Peer peer in peers)
                peer.SayUntilStuck(most: 16 * MiB);
            foreach (Peer peer in peers)
                peer.HalfClose();
            foreach (Peer peer in peers)
                peer.HearEnd();

            server.AwaitClosed(5);
            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
        });

    [Theory]
    [MemberData(nameof(OddRings.Names), MemberType = typeof(OddRings))]
    public void Returns_every_byte_of_small_pieces_to_slow_readers(string ring) =>
        TestServer.Run(OddRings.Row(ring), new ServerOptions { Queue = SmallQueue }, server =>
        {
            Random random = new(server.Seed);
            List<Peer> peers = [.. Enumerable.Range(0, 8).Select(_ => server.Connect(queue: SmallQueue))];
            for (int i = 0; i < 20_000; i++)
            {
                Peer peer = peers[random.Next(peers.Count)];
                peer.TrySay(random.Next(1, 60));
                if (i % 10 == 0)
                    peer.TryHear(random.Next(1, 300));
            }

            foreach (Peer peer in peers)
                peer.Leave();
        });

    [Theory]
    [MemberData(nameof(OddRings.Names), MemberType = typeof(OddRings))]
    public void Serves_one_beside_50_that_never_read(string ring) => TestServer.Run(OddRings.Row(ring), new ServerOptions { Queue = SmallQueue }, server =>
    {
        for (int i = 0; i < 50; i++)
        {
            Peer stuck = server.Connect(queue: SmallQueue);
            for (int quiet = 0; quiet < 3; quiet++)
            {
                while (stuck.TrySay(20_000) > 0)
                    quiet = 0;

                Thread.Sleep(1);
            }
        }

        Peer other = server.Connect();
        for (int i = 0; i < 100; i++)
            other.Exchange(1_000);

        foreach (Connection connection in server.Sockets)
            Assert.InRange(connection.UnsentBytes, 0, Connection.BufferSize);

        other.Leave();
    });

    [Theory]
    [MemberData(nameof(OddRings.Names), MemberType = typeof(OddRings))]
    public void Sends_greeting_and_reply(string ring)
    {
        EchoPolicy policy = new() { Greeting = "hello\n"u8.ToArray(), Reply = Reply.Echo.WithPrefix("<").WithSuffix(">").Upper() };
        Serve(OddRings.Row(ring), policy, (host, end, _, _) =>
        {
            using Socket client = Connect(end);
            Assert.Equal("hello\n", Hear(client, 6));
            for (int i = 0; i < 1_000; i++)
            {
                client.Send("abc"u8);
                Assert.Equal("<ABC>", Hear(client, 5));
            }
        });
    }

    [Fact]
    public void Closes_whoever_is_one_too_many() => Serve(OddRings.Row(OddRings.Usual), new EchoPolicy { MaxConnections = 2 }, (_, end, set, _) =>
    {
        using Socket first = Connect(end);
        using Socket second = Connect(end);
        Limit.Until(() => set.Count == 2, "two connections");
        using Socket third = Connect(end);
        Assert.Equal(0, third.Receive(new byte[1]));
        first.Send("x"u8);
        Assert.Equal("x", Hear(first, 1));
    });

    [Fact]
    public void Makes_no_call_but_enter() => Serve(OddRings.Row(OddRings.Usual), new EchoPolicy(), (host, end, _, counters) =>
    {
        using (Socket client = Connect(end))
        {
            for (int i = 0; i < 100; i++)
            {
                client.Send("0123456789"u8);
                Hear(client, 10);
            }
        }

        host.Switch(FakeModel.Row("nobody", FakeModel.ServeNobody));
        Assert.Equal((100, 1_000, 1_000), (counters[Counter.Message], counters[Counter.ByteIn], counters[Counter.ByteOut]));
        Assert.InRange(counters[Counter.Enter], 100, 400);
        Counter[] calls = [Counter.Accept, Counter.Receive, Counter.Send, Counter.Wait, Counter.Control, Counter.WouldBlock];
        Assert.All(calls, call => Assert.Equal(0, counters[call]));
    });

    [Fact]
    public void Closes_whom_the_idle_watch_abortReason() => TestServer.Run(OddRings.Row(OddRings.Usual), new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer silent = server.Connect();
        silent.Exchange(10);
        Peer stuck = server.Connect(queue: SmallQueue);
        stuck.SayUntilStuck(16 * MiB);
        using IdleWatch watch = new(server.Sockets, TimeSpan.FromMilliseconds(100));
        server.AwaitClosed(2);
        Assert.Equal([CloseReason.Idle, CloseReason.Idle], server.Reasons);
    });

    /// <summary>Serves under a policy, and gives the test the host, where it listens, its sockets, and the counters.</summary>
    private static void Serve(ModelRow row, EchoPolicy policy, Action<EchoHost, IPEndPoint, SocketSet, CallCounters> test) =>
        Limit.Run(Limit.Test, "the test", () =>
        {
            CallCounters counters = new();
            Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 64);
            IPEndPoint end = listener.EndPoint;
            using SocketSet sockets = new([listener], new CountingSocketIo(SocketIo.ForThisSystem, counters), policy);
            using EchoHost host = new(sockets, new ModelContext(counters), row);
            host.Start();
            test(host, end, sockets, counters);
            host.Stop(TimeSpan.FromSeconds(1), CancellationToken.None);
        });

    private static Socket Connect(IPEndPoint end)
    {
        Socket socket = new(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        socket.Connect(end);
        return socket;
    }

    private static string Hear(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int have = 0; have < count;)
        {
            int got = socket.Receive(bytes, have, count - have, SocketFlags.None);
            Assert.NotEqual(0, got);
            have += got;
        }

        return System.Text.Encoding.ASCII.GetString(bytes);
    }
}
