using System.Globalization;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Posix;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.EventLoops;

/// <summary>The pitfalls of signals: a full queue, a signal that is out of date, and what is left set on sockets and thread.</summary>
public sealed class SignalTests
{
    private const int O_ASYNC = 0x2000;
    private const int F_GETOWN = 9;
    private const int F_GETSIG = 11;
    private const int Signal = 40;
    private const int POLL_IN = 1;
    private const int SI_QUEUE = -1;

    [Fact]
    public void Arms_every_socket_and_disarms_it_when_it_stops() => TestServer.Run("epoll", server =>
    {
        Peer adopted = server.Connect();
        adopted.Exchange(10);
        server.Switch("signal");
        Peer later = server.Connect();
        later.Exchange(10);
        Assert.Equal(3, Sockets(server).Count);
        Assert.All(Sockets(server), socket => Assert.Equal((true, Signal), (IsArmed(socket), Control(socket, F_GETSIG))));

        server.Switch("epoll");
        Assert.Equal(3, Sockets(server).Count);
        Assert.All(Sockets(server), socket => Assert.Equal((false, 0, 0), (IsArmed(socket), Control(socket, F_GETSIG), Control(socket, F_GETOWN))));
        Assert.Equal("0000000000000000", MaskOf("models"));
        adopted.Exchange(1_000);
        later.Exchange(1_000);
    });

    [Fact]
    public void Disarms_every_socket_and_restores_the_mask_when_it_throws() => Limit.Run(Limit.Test, "the test", () =>
    {
        string mask = Status("thread-self", "SigBlk");
        Listener listener = TestKernel.Listen(backlog: 16);
        ReceiveHook hook = new();
        hook.BeforeNextReceive(() => throw new InvalidOperationException("broken"));
        using SocketSet sockets = new([listener], hook.Wrap(TestKernel.Open()));
        using Peer first = new(listener.EndPoint, Seeds.Take(), 0);
        using Peer second = new(listener.EndPoint, Seeds.Take(), 1);
        first.Send(10);
        second.Send(10); // its signals are still in the queue when the receive throws

        Assert.Throws<InvalidOperationException>(() => ModelTable.Find("signal")!.Create(new HostServices([], 1).ContextFor(new ModelOptions())).Serve(sockets, CancellationToken.None));

        second.Send(10);
        Assert.Equal(mask, Status("thread-self", "SigBlk"));
        Assert.Equal("0000000000000000", Status("thread-self", "SigPnd"));
        Assert.False(IsArmed(listener.Socket));
        foreach (Connection connection in sockets)
            Assert.Equal((false, 0), (IsArmed(connection.Socket), Control(connection.Socket, F_GETOWN)));
    });

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Serves_every_client_when_the_queue_overflows(int limit) => TestServer.Run("signal", server =>
    {
        using SignalQueueLimit _ = new(limit);
        List<Peer> peers = [.. Enumerable.Range(0, 60).Select(_ => server.Connect())];
        for (int i = 0; i < 30; i++)
        {
            foreach (Peer peer in peers)
                peer.Send(1_000);
            foreach (Peer peer in peers)
                peer.Receive(1_000);
        }

        foreach (Peer peer in peers)
            peer.Stream(300_000);
        foreach (Peer peer in peers)
            peer.HalfClose();
        foreach (Peer peer in peers)
            peer.ReceiveToEnd();

        server.AwaitClosed(60);
    });

    [Fact]
    public void Stops_although_the_queue_is_full() => TestServer.Run("signal", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        using (SignalQueueLimit _ = new(limit: 0))
            Assert.Equal("poll", server.Switch("poll").To);

        peer.Exchange(10);
    });

    [Fact]
    public void Treats_a_signal_of_a_closed_or_reused_descriptor_as_a_hint()
    {
        ReceiveHook hook = new();
        TestServer.Run("signal", new ServerOptions { Wrap = hook.Wrap }, server =>
        {
            Peer open = server.Connect();
            open.Exchange(10);
            Peer closed = server.Connect();
            closed.Exchange(10);
            int descriptor = Sockets(server).Max(socket => socket.Number);
            closed.Close();
            server.AwaitClosed(1);
            hook.BeforeNextReceive(() => NativeSignals.QueueToThisThread(Signal, POLL_IN, descriptor)); // no socket has this number
            open.Exchange(10);
            Peer later = server.Connect();
            later.Exchange(10);
            Assert.Contains(Sockets(server), socket => socket.Number == descriptor);
            long before = server.Totals[Counter.Signal];
            hook.BeforeNextReceive(() =>
            {
                for (int i = 0; i < 100; i++)
                    NativeSignals.QueueToThisThread(Signal, POLL_IN, descriptor); // another connection has this number

                NativeSignals.QueueToThisThread(Signal, SI_QUEUE, descriptor); // not from a socket
            });
            open.Exchange(10);
            later.Exchange(1_000);
            open.Exchange(1_000);
            Assert.InRange(server.Totals[Counter.Signal] - before, 101, 120);
            Assert.Single(server.Closed);
        });
    }

    [Theory]
    [InlineData("signal")]
    [InlineData("epoll-edge")]
    public void Closes_a_connection_that_is_aborted_from_another_thread(string model) => TestServer.Run(model, server =>
    {
        Peer idle = server.Connect();
        idle.Exchange(10);
        server.Sockets.Abort(server.Single, CloseReason.Idle); // causes no signal, and the client does not close
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Fact]
    public void Counts_signals_and_messages() => TestServer.Run("signal", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        long before = server.Totals[Counter.Signal];
        for (int i = 0; i < 1_000; i++)
            peer.Exchange(10);

        // The last signal may still be in the queue, as its bytes were received because of the one before.
        Limit.Until(() => server.Totals[Counter.Signal] - before >= 1_000, "a signal for each message");
        Assert.InRange(server.Totals[Counter.Signal] - before, 1_000, 1_010);
        peer.Close();
    });

    [Slow]
    [Fact]
    public void Accepts_again_after_the_backoff_without_a_further_signal()
    {
        FailingAccepts accepts = new(failures: 3);
        TestServer.Run("signal", new ServerOptions { Wrap = accepts.Wrap }, server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(100);
            Assert.InRange(accepts.Tried, 4, 8);
            peer.Close();
        });
    }

    [Fact]
    public void Waits_no_more_often_than_signals_come_and_so_sleeps_between_them() => TestServer.Run("signal", server =>
    {
        const int Messages = 1_000;
        Peer peer = server.Connect();
        peer.Exchange(100_000); // more than the loop receives at once: the connection was on the ready list, and must be off it
        long waits = server.Totals[Counter.Wait];
        long signals = server.Totals[Counter.Signal];
        for (int i = 0; i < Messages; i++)
            peer.Exchange(10);

        Limit.Until(() => server.Totals[Counter.Signal] - signals >= Messages, "a signal for each message");
        signals = server.Totals[Counter.Signal] - signals;
        waits = server.Totals[Counter.Wait] - waits;
        Assert.InRange(waits, signals, signals + 50); // a loop that does not sleep waits many times between two messages
        peer.Close();
    });

    private static List<SocketHandle> Sockets(TestServer server)
    {
        List<SocketHandle> sockets = [.. server.Sockets.Listeners.Select(listener => listener.Socket)];
        foreach (Connection connection in server.Sockets)
            sockets.Add(connection.Socket);

        return sockets;
    }

    private static bool IsArmed(SocketHandle socket) => (Control(socket, Libc.F_GETFL) & O_ASYNC) != 0;

    private static int Control(SocketHandle socket, int command) => Libc.FileControl(socket.Number, command, 0);

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
            return ""; // the thread has ended since it was listed
        }
    }
}
