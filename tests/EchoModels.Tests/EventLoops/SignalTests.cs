using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>The traps of signals: a full queue, a signal that is out of date, and what is left behind on sockets and thread.</summary>
public sealed class SignalReactorTests
{
    private const int O_ASYNC = 0x2000;
    private const int F_GETOWN = 9;
    private const int F_GETSIG = 11;
    private const int Signal = 40;
    private const int POLL_IN = 1;
    private const int SI_QUEUE = -1;

    [Fact]
    public void Arms_every_socket_and_disarms_it_when_it_leaves() => TestServer.Run("epoll", server =>
    {
        Peer adopted = server.Connect();
        adopted.Exchange(10);
        server.Switch("signal");
        Peer newcomer = server.Connect();
        newcomer.Exchange(10);
        Assert.Equal(3, Sockets(server).Count);
        Assert.All(Sockets(server), socket => Assert.Equal((true, Signal), (IsArmed(socket), Ask(socket, F_GETSIG))));

        server.Switch("epoll");
        Assert.Equal(3, Sockets(server).Count);
        Assert.All(Sockets(server), socket => Assert.Equal((false, 0, 0), (IsArmed(socket), Ask(socket, F_GETSIG), Ask(socket, F_GETOWN))));
        Assert.Equal("0000000000000000", MaskOf("models"));
        adopted.Exchange(1_000);
        newcomer.Exchange(1_000);
    });

    [Fact]
    public void Leaves_nothing_behind_when_it_throws() => Limit.Run(Limit.Test, "the test", () =>
    {
        string mask = Status("thread-self", "SigBlk");
        Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 16);
        HookedIo io = new(SocketIo.ForThisSystem);
        io.Once(() => throw new InvalidOperationException("broken"));
        using SocketSet sockets = new([listener], io);
        using Peer first = new(listener.EndPoint, Seeds.Take(), 0);
        using Peer second = new(listener.EndPoint, Seeds.Take(), 1);
        first.Say(10);
        second.Say(10); // the signals of this one are still in the queue when it breaks

        Assert.Throws<InvalidOperationException>(() => ModelTable.Find("signal")!.Create(new ModelContext(new CallCounters())).Serve(sockets, CancellationToken.None));

        second.Say(10);
        Assert.Equal(mask, Status("thread-self", "SigBlk"));
        Assert.Equal("0000000000000000", Status("thread-self", "SigPnd"));
        Assert.False(IsArmed(listener.Socket));
        foreach (Connection connection in sockets)
            Assert.Equal((false, 0), (IsArmed(connection.Socket), Ask(connection.Socket, F_GETOWN)));
    });

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Loses_nobody_when_the_queue_overflows(int room) => TestServer.Run("signal", server =>
    {
        using QueueOfSignals _ = new(room);
        List<Peer> peers = [.. Enumerable.Range(0, 60).Select(_ => server.Connect())];
        for (int i = 0; i < 30; i++)
        {
            foreach (Peer peer in peers)
                peer.Say(1_000);
            foreach (Peer peer in peers)
                peer.Hear(1_000);
        }

        foreach (Peer peer in peers)
            peer.Stream(300_000);
        foreach (Peer peer in peers)
            peer.HalfClose();
        foreach (Peer peer in peers)
            peer.HearEnd();

        server.AwaitClosed(60);
    });

    [Fact]
    public void Lets_go_though_the_queue_is_full() => TestServer.Run("signal", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        using (QueueOfSignals _ = new(room: 0))
            Assert.Equal("poll", server.Switch("poll").To);

        peer.Exchange(10);
    });

    [Fact]
    public void Takes_a_signal_of_a_closed_or_reused_descriptor_for_a_question()
    {
        HookedIo io = new(SocketIo.ForThisSystem);
        TestServer.Run("signal", new ServerOptions { Io = io }, server =>
        {
            Peer stays = server.Connect();
            stays.Exchange(10);
            Peer leaves = server.Connect();
            leaves.Exchange(10);
            int descriptor = Sockets(server).Max(socket => (int)socket.Handle);
            leaves.Leave();
            server.AwaitClosed(1);
            io.Once(() => NativeSignals.QueueToThisThread(Signal, POLL_IN, descriptor)); // nobody has it
            stays.Exchange(10);
            Peer newcomer = server.Connect();
            newcomer.Exchange(10);
            Assert.Contains(Sockets(server), socket => socket.Handle == descriptor);
            long before = server.CallCounters[Counter.Signal];
            io.Once(() =>
            {
                for (int i = 0; i < 100; i++)
                    NativeSignals.QueueToThisThread(Signal, POLL_IN, descriptor); // a stranger has it

                NativeSignals.QueueToThisThread(Signal, SI_QUEUE, descriptor); // not from a socket at all
            });
            stays.Exchange(10);
            newcomer.Exchange(1_000);
            stays.Exchange(1_000);
            Assert.InRange(server.CallCounters[Counter.Signal] - before, 101, 120);
            Assert.Single(server.Closed);
        });
    }

    [Theory]
    [InlineData("signal")]
    [InlineData("epoll-edge")]
    public void Closes_whom_somebody_else_condemns(string model) => TestServer.Run(model, server =>
    {
        Peer idle = server.Connect();
        idle.Exchange(10);
        server.Sockets.Abort(server.Accepted.Single(), CloseReason.Idle); // no signal comes of it, and the client stays
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Fact]
    public void Counts_the_signals_beside_the_messages() => TestServer.Run("signal", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        long before = server.CallCounters[Counter.Signal];
        for (int i = 0; i < 1_000; i++)
            peer.Exchange(10);

        // The last may still be in the queue, its bytes taken already on account of the one before.
        Limit.Until(() => server.CallCounters[Counter.Signal] - before >= 1_000, "a signal for each message");
        Assert.InRange(server.CallCounters[Counter.Signal] - before, 1_000, 1_010);
        peer.Leave();
    });

    [Fact]
    public void Accepts_again_after_the_rest_without_a_further_signal()
    {
        AcceptFailsAtFirst io = new(SocketIo.ForThisSystem, failures: 3);
        TestServer.Run("signal", new ServerOptions { Io = io }, server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(100);
            Assert.InRange(io.Asked, 4, 8);
            peer.Leave();
        });
    }

    [Fact]
    public void Sleeps_when_there_is_nothing_to_do() => TestServer.Run("signal", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100_000);
        Thread.Sleep(50);
        long before = server.CallCounters[Counter.Wait];
        Thread.Sleep(200);
        Assert.InRange(server.CallCounters[Counter.Wait] - before, 0, 1); // one for the runtime's own signal
        peer.Leave();
    });

    private static List<Socket> Sockets(TestServer server)
    {
        List<Socket> sockets = [.. server.Sockets.Listeners.Select(listener => listener.Socket)];
        foreach (Connection connection in server.Sockets)
            sockets.Add(connection.Socket);

        return sockets;
    }

    private static bool IsArmed(Socket socket) => (Ask(socket, Libc.F_GETFL) & O_ASYNC) != 0;

    private static int Ask(Socket socket, int command) => Libc.FileControl(socket.SafeHandle, command, 0);

    private static string MaskOf(string thread) => Status($"self/task/{Find(thread)}", "SigBlk");

    private static string Status(string task, string field) =>
        File.ReadLines($"/proc/{task}/status").First(line => line.StartsWith(field, StringComparison.Ordinal)).Split('\t')[1];

    private static int Find(string thread) => int.Parse(
        Path.GetFileName(Directory.GetDirectories("/proc/self/task").Single(task => NameOf(task) == thread)),
        CultureInfo.InvariantCulture);

    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/comm").Trim();
        }
        catch (IOException)
        {
            return ""; // a thread that has ended since the list was made
        }
    }
}
