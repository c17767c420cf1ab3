using System.Net;
using System.Net.Sockets;
using EchoModels.Metering;
using EchoModels.Models;
using EchoModels.Posix;
using EchoModels.Rings;
using EchoModels.Sockets;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>What can go wrong in a ring and nowhere else: it is too small, it has no buffers left, it was made in another way.</summary>
/// <remarks>There are no calls to inject faults into: the ring is made so that the kernel brings them about.</remarks>
public sealed class IoUringTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    private static readonly RingSettings Usual = new() { Multishot = RingSupport.GrantsLimitedMultishot };

    /// <summary>Rings that are short of everything, and rings made in the ways of older kernels.</summary>
    private static readonly Dictionary<string, RingSettings> Odd = new()
    {
        ["as it should be"] = Usual,
        ["few submissions"] = Usual with { Submissions = 1, Completions = 4096 },
        ["few completions"] = Usual with { Submissions = 2, Completions = 2 },
        ["few buffers"] = Usual with { Buffers = 2 },
        ["one buffer"] = Usual with { Buffers = 1 },
        ["few of anything"] = Usual with { Submissions = 2, Completions = 2, Buffers = 2 },
        ["one receive at a time"] = new RingSettings(),
        ["one receive at a time, few of anything"] = new RingSettings { Submissions = 2, Completions = 2, Buffers = 2 },
        ["interrupting"] = Usual with { Ways = [0] },
        ["the second way"] = Usual with { Ways = [Impossible, IoUring.IORING_SETUP_COOP_TASKRUN] },
        ["spinning"] = Usual with { Spin = TimeSpan.FromMilliseconds(2) },
    };

    private const uint Impossible = 1U << 31;

    public static TheoryData<string> Rings => RingSupport.WhyNot() is null ? [.. Odd.Keys] : [];

    [Theory]
    [MemberData(nameof(Rings))]
    public void Returns_to_each_of_100_clients_what_it_said(string ring) => TestServer.Run(Row(ring), new Wish(), server =>
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
    [MemberData(nameof(Rings))]
    public void Returns_a_long_stream(string ring) => TestServer.Run(Row(ring), new Wish(), server =>
    {
        Peer peer = server.Connect();
        peer.Stream(16 * MiB);
        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(Rings))]
    public void Returns_every_byte_to_slow_readers_that_half_close(string ring) =>
        TestServer.Run(Row(ring), new Wish { Queue = SmallQueue }, server =>
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
    [MemberData(nameof(Rings))]
    public void Returns_every_byte_of_small_pieces_to_slow_readers(string ring) =>
        TestServer.Run(Row(ring), new Wish { Queue = SmallQueue }, server =>
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
    [MemberData(nameof(Rings))]
    public void Serves_one_beside_50_that_never_read(string ring) => TestServer.Run(Row(ring), new Wish { Queue = SmallQueue }, server =>
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
            Assert.InRange(connection.OwedBytes, 0, Connection.BufferSize);

        other.Leave();
    });

    [Theory]
    [MemberData(nameof(Rings))]
    public void Keeps_every_byte_in_100_switches(string ring) => SwitchToAndFro(ring, "epoll", switches: 100);

    [Fact]
    public void Keeps_every_byte_in_400_switches() => SwitchToAndFro("as it should be", "epoll", switches: 400);

    [Theory]
    [InlineData("threads")]
    [InlineData("busy-poll")]
    public void Keeps_every_byte_in_40_switches_to_and_from(string other) => SwitchToAndFro("as it should be", other, switches: 40);

    [Theory]
    [MemberData(nameof(Rings))]
    public void Sends_greeting_and_reply(string ring)
    {
        EchoPolicy policy = new() { Greeting = "hello\n"u8.ToArray(), Reply = Reply.Echo.WithPrefix("<").WithSuffix(">").Upper() };
        Serve(Row(ring), policy, (host, end, _, _) =>
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
    public void Closes_whoever_is_one_too_many() => Serve(Row("as it should be"), new EchoPolicy { MaxConnections = 2 }, (_, end, set, _) =>
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
    public void Makes_no_call_but_enter() => Serve(Row("as it should be"), new EchoPolicy(), (host, end, _, tally) =>
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
        Assert.Equal((100, 1_000, 1_000), (tally[Counted.Message], tally[Counted.ByteIn], tally[Counted.ByteOut]));
        Assert.InRange(tally[Counted.Enter], 100, 400);
        Counted[] calls = [Counted.Accept, Counted.Receive, Counted.Send, Counted.Wait, Counted.Control, Counted.WouldBlock];
        Assert.All(calls, call => Assert.Equal(0, tally[call]));
    });

    [Fact]
    public void Allocates_nothing_for_a_message() => Serve(Row("as it should be"), new EchoPolicy(), (_, end, _, _) =>
    {
        using Socket client = Connect(end);
        byte[] bytes = new byte[64];
        void Exchange(int times)
        {
            for (int i = 0; i < times; i++)
            {
                client.Send(bytes);
                for (int left = bytes.Length; left > 0;)
                    left -= client.Receive(bytes, 0, left, SocketFlags.None);
            }
        }

        Exchange(2_000);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Exchange(20_000);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 100_000);
    });

    [Fact]
    public void Closes_whom_the_idle_watch_condemned() => TestServer.Run(Row("as it should be"), new Wish { Queue = SmallQueue }, server =>
    {
        Peer silent = server.Connect();
        silent.Exchange(10);
        Peer stuck = server.Connect(queue: SmallQueue);
        stuck.SayUntilStuck(16 * MiB);
        using IdleWatch watch = new(server.Sockets, TimeSpan.FromMilliseconds(100));
        server.AwaitClosed(2);
        Assert.Equal([CloseReason.Idle, CloseReason.Idle], server.Reasons);
    });

    [Fact]
    public void Names_the_call_that_is_refused()
    {
        RingSettings settings = new() { Ways = [Impossible] };
        IOException refusal = Assert.Throws<IOException>(() => new Ring(settings, new Tally()).Dispose());
        Assert.Equal("io_uring_setup: Invalid argument (EINVAL); Linux 5.19 or later is needed", refusal.Message);
    }

    private static void SwitchToAndFro(string ring, string other, int switches) => Run(ring, server =>
    {
        Random random = new(server.Seed);
        using Crowd crowd = new(server.Seed);
        for (int i = 0; i < 4; i++)
        {
            crowd.Join(new Talker(server.Connect()));
            crowd.Join(new SlowReader(server.Connect(queue: SmallQueue)));
            crowd.Join(new Stuffed(server.Connect(queue: SmallQueue)));
            crowd.Join(new HalfCloser(server.Connect(queue: SmallQueue), piece: 30_000));
        }

        for (int i = 0; i < switches; i++)
        {
            if (i % 10 == 0)
                crowd.Join(new Talker(server.Connect()));

            server.Switch(i % 2 == 0 ? EveryModel.Find(other) : Row(ring));
            Thread.Sleep(random.Next(4));
        }

        crowd.Finish();
        server.AwaitClosed(crowd.Count);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
        Assert.Equal(crowd.Count, server.Accepted.Count);
    });

    private static void Run(string ring, Action<TestServer> test) => TestServer.Run(Row(ring), new Wish { Queue = SmallQueue }, test);

    private static ModelRow Row(string ring) =>
        new($"io-uring, {ring}", "", "", "", () => null, context => new IoUringServer(context, Odd[ring]));

    /// <summary>Serves under a policy, and gives the test the host, where it listens, its sockets, and the counters.</summary>
    private static void Serve(ModelRow row, EchoPolicy policy, Action<EchoHost, IPEndPoint, SocketSet, Tally> test) =>
        Limit.Run(Limit.Test, "the test", () =>
        {
            Tally tally = new();
            Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 64);
            IPEndPoint end = listener.EndPoint;
            using SocketSet sockets = new([listener], new CountingSocketIo(SocketIo.ForThisSystem, tally), policy);
            using EchoHost host = new(sockets, new ModelContext(tally), row);
            host.Start();
            test(host, end, sockets, tally);
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
