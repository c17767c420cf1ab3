using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.IoUring;

/// <summary>What can go wrong only with a ring: it is too small, it has no free buffer, it was set up with other flags.</summary>
public sealed class IoUringTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    [Slow]
    [Theory]
    [MemberData(nameof(RingVariants.Names), MemberType = typeof(RingVariants))]
    public void Returns_to_each_of_100_clients_what_it_sent(string ring) => TestServer.Run(RingVariants.Row(ring), new ServerOptions(), server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 100).Select(_ => server.Connect())];
        for (int i = 0; i < 10; i++)
        {
            foreach (Peer peer in peers)
                peer.Send(3_000);
            foreach (Peer peer in peers)
                peer.Receive(3_000);
        }

        foreach (Peer peer in peers)
            peer.Close();

        server.AwaitClosed(100);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Slow]
    [Theory]
    [MemberData(nameof(RingVariants.Names), MemberType = typeof(RingVariants))]
    public void Returns_a_long_stream(string ring) => TestServer.Run(RingVariants.Row(ring), new ServerOptions(), server =>
    {
        Peer peer = server.Connect();
        peer.Stream(16 * MiB);
        peer.Close();
    });

    [Slow]
    [Theory]
    [MemberData(nameof(RingVariants.Names), MemberType = typeof(RingVariants))]
    public void Returns_every_byte_to_slow_readers_that_half_close(string ring) =>
        TestServer.Run(RingVariants.Row(ring), new ServerOptions { Queue = SmallQueue }, server =>
        {
            List<Peer> peers = [.. Enumerable.Range(0, 5).Select(_ => server.Connect(queue: SmallQueue))];
            foreach (Peer peer in peers)
                peer.SendUntilBlocked(most: 16 * MiB);
            foreach (Peer peer in peers)
                peer.HalfClose();
            foreach (Peer peer in peers)
                peer.ReceiveToEnd();

            server.AwaitClosed(5);
            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
        });

    [Slow]
    [Theory]
    [MemberData(nameof(RingVariants.Names), MemberType = typeof(RingVariants))]
    public void Returns_every_byte_of_small_pieces_to_slow_readers(string ring) =>
        TestServer.Run(RingVariants.Row(ring), new ServerOptions { Queue = SmallQueue }, server =>
        {
            Random random = new(server.Seed);
            List<Peer> peers = [.. Enumerable.Range(0, 8).Select(_ => server.Connect(queue: SmallQueue))];
            for (int i = 0; i < 20_000; i++)
            {
                Peer peer = peers[random.Next(peers.Count)];
                peer.TrySend(random.Next(1, 60));
                if (i % 10 == 0)
                    peer.TryReceive(random.Next(1, 300));
            }

            foreach (Peer peer in peers)
                peer.Close();
        });

    [Slow]
    [Theory]
    [MemberData(nameof(RingVariants.Names), MemberType = typeof(RingVariants))]
    public void Serves_one_beside_50_that_never_read(string ring) => TestServer.Run(RingVariants.Row(ring), new ServerOptions { Queue = SmallQueue }, server =>
    {
        for (int i = 0; i < 50; i++)
        {
            Peer stuck = server.Connect(queue: SmallQueue);
            for (int attempts = 0; attempts < 3; attempts++)
            {
                while (stuck.TrySend(20_000) > 0)
                    attempts = 0;

                Thread.Sleep(1);
            }
        }

        Peer other = server.Connect();
        for (int i = 0; i < 100; i++)
            other.Exchange(1_000);

        foreach (Connection connection in server.Sockets)
            Assert.InRange(connection.Unsent.Length, 0, Connection.BufferSize);

        other.Close();
    });

    [Theory]
    [MemberData(nameof(RingVariants.Names), MemberType = typeof(RingVariants))]
    public void Sends_greeting_and_reply(string ring)
    {
        EchoPolicy policy = new() { Greeting = "hello\n"u8.ToArray(), Reply = Reply.Echo.WithPrefix("<").WithSuffix(">").Upper() };
        Serve(RingVariants.Row(ring), policy, (host, end, _, _) =>
        {
            using Socket client = Connect(end);
            Assert.Equal("hello\n", Receive(client, 6));
            for (int i = 0; i < 1_000; i++)
            {
                client.Send("abc"u8);
                Assert.Equal("<ABC>", Receive(client, 5));
            }
        });
    }

    [Fact]
    public void Closes_a_connection_beyond_the_maximum() => Serve(RingVariants.Row(RingVariants.Usual), new EchoPolicy { MaxConnections = 2 }, (_, end, set, _) =>
    {
        using Socket first = Connect(end);
        using Socket second = Connect(end);
        Limit.Until(() => set.Count == 2, "two connections");
        using Socket third = Connect(end);
        Assert.Equal(0, third.Receive(new byte[1]));
        first.Send("x"u8);
        Assert.Equal("x", Receive(first, 1));
    });

    [Fact]
    public void Makes_no_call_but_enter() => Serve(RingVariants.Row(RingVariants.Usual), new EchoPolicy(), (host, end, _, counters) =>
    {
        using (Socket client = Connect(end))
        {
            for (int i = 0; i < 100; i++)
            {
                client.Send("0123456789"u8);
                Receive(client, 10);
            }
        }

        host.Switch(FakeModel.Row("holder", FakeModel.HoldSockets));
        CallTotals totals = counters.Read();
        Assert.Equal((100, 1_000, 1_000), (totals[Counter.Message], totals[Counter.ByteIn], totals[Counter.ByteOut]));
        Assert.Equal((100, 100), (totals.Calls(SystemCall.UringSend), totals.Sum(SystemCall.UringReceive) / 10));
        Assert.InRange(totals[Counter.Enter], 100, 400);
        Counter[] calls = [Counter.Accept, Counter.Receive, Counter.Send, Counter.Wait, Counter.Control, Counter.WouldBlock];
        Assert.All(calls, call => Assert.Equal(0, totals[call]));
    });

    [Fact]
    public void Closes_connections_that_are_idle() => TestServer.Run(RingVariants.Row(RingVariants.Usual), new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer idle = server.Connect();
        idle.Exchange(10);
        Peer stuck = server.Connect(queue: SmallQueue);
        stuck.SendUntilBlocked(16 * MiB);
        using IdleTimeout watch = new(server.Sockets, server.Services.Children, TimeSpan.FromMilliseconds(100));
        server.AwaitClosed(2);
        Assert.Equal([CloseReason.Idle, CloseReason.Idle], server.Reasons);
    });

    /// <summary>Serves under a policy; the test gets the host, its address, its sockets, and the counters.</summary>
    private static void Serve(ModelRow row, EchoPolicy policy, Action<EchoHost, IPEndPoint, SocketSet, CallCounters> test) =>
        Limit.Run(Limit.Test, "the test", () =>
        {
            HostServices services = new([new IPEndPoint(IPAddress.Loopback, 0)], backlog: 64, policy);
            IPEndPoint end = services.Sockets.Listeners[0].EndPoint;
            using EchoHost host = new(services.Sockets, services, row);
            host.Start();
            test(host, end, services.Sockets, services.Counters);
            host.Stop(TimeSpan.FromSeconds(1), CancellationToken.None);
        });

    private static Socket Connect(IPEndPoint end)
    {
        Socket socket = new(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        socket.Connect(end);
        return socket;
    }

    private static string Receive(Socket socket, int count)
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
