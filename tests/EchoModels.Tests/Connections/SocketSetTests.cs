using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Sockets;

public sealed class SocketSetTests : IDisposable
{
    private readonly Listener _listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 1_024);
    private readonly List<Socket> _clients = [];
    private readonly SocketSet _set;

    public SocketSetTests() => _set = new SocketSet([_listener], SocketIo.ForThisSystem);

    public void Dispose()
    {
        _set.Dispose();
        foreach (Socket client in _clients)
            client.Dispose();
    }

    [Fact]
    public void Finds_listeners_and_connections_by_their_tokens()
    {
        Connection connection = Accept();

        Assert.Same(_listener, _set.Find(_listener.Token));
        Assert.Same(connection, _set.Find(connection.Token));
        Assert.NotEqual(_listener.Token, connection.Token);
    }

    [Fact]
    public void Finds_nothing_by_the_token_of_one_that_was_closed()
    {
        Connection connection = Accept();
        _set.Close(connection, CloseReason.Idle);

        Assert.Null(_set.Find(connection.Token));
    }

    [Theory]
    [InlineData(-1, -1)]
    [InlineData(1_000_000, 0)]
    [InlineData(5, 0)]
    [InlineData(int.MinValue, 0)]
    public void Finds_nothing_by_a_token_that_it_never_gave(int slot, int generation) => Assert.Null(_set.Find(new Token(slot, generation)));

    [Fact]
    public void Has_nothing_to_do_with_whoever_got_the_descriptor_of_one_that_was_closed()
    {
        Connection closed = Accept();
        int descriptor = (int)closed.Socket.Handle;
        _set.Close(closed, CloseReason.Idle);
        List<Socket> others = [];
        Limit.Until(
            () =>
            {
                others.AddRange([Accept().Socket, _clients[^1]]);
                return others.Exists(other => other.Handle == descriptor);
            },
            "its number is given away");
        foreach (Socket other in others)
            Assert.Equal(10, SocketIo.ForThisSystem.Send(other, "for others"u8, out _));

        Assert.Equal(IoStatus.Closed, closed.Echo(new byte[64]));
        Assert.All(others, other => Limit.Until(() => other.Available == 10, "it has all that was sent to it, and no more"));
    }

    [Fact]
    public void Gives_a_slot_again_in_its_next_generation()
    {
        Connection first = Accept();
        Token stale = first.Token;
        _set.Close(first, CloseReason.Idle);
        Connection second = Accept();

        Assert.Equal(stale.Slot, second.Token.Slot);
        Assert.NotEqual(stale.Generation, second.Token.Generation);
        Assert.Null(_set.Find(stale));
        Assert.Same(second, _set.Find(second.Token));
    }

    [Fact]
    public void Counts_and_walks_the_connections_and_not_the_listeners()
    {
        Assert.Equal(0, _set.Count);
        List<Connection> accepted = [.. Enumerable.Range(0, 200).Select(_ => Accept())];

        Assert.Equal(200, _set.Count);
        Assert.Equal(accepted, Walk());
    }

    [Fact]
    public void Meets_every_other_connection_when_each_is_closed_as_it_is_met()
    {
        for (int i = 0; i < 100; i++)
            Accept();

        int met = 0;
        foreach (Connection connection in _set)
        {
            met++;
            _set.Close(connection, CloseReason.Idle);
        }

        Assert.Equal((100, 0), (met, _set.Count));
        Assert.Empty(Walk());
    }

    [Fact]
    public void Tells_who_came_and_who_went_and_why()
    {
        List<string> told = [];
        _set.Accepted += _ => told.Add("accepted");
        _set.Closed += (_, reason) => told.Add(reason.ToString());
        Connection first = Accept();
        Accept();
        _set.Close(first, CloseReason.Reset);
        _set.Dispose();

        Assert.Equal(["accepted", "accepted", "Reset", "Drain"], told);
    }

    [Fact]
    public void Accepts_nobody_when_nobody_is_there()
    {
        _set.SetBlocking(false);

        Assert.False(_set.TryAccept(_listener, out Connection? nobody));
        Assert.Null(nobody);
        Assert.False(_listener.IsBackingOff);
    }

    [Theory]
    [InlineData(SocketError.WouldBlock, false)]
    [InlineData(SocketError.Interrupted, false)]
    [InlineData(SocketError.ConnectionAborted, false)]
    [InlineData(SocketError.TooManyOpenSockets, true)]
    [InlineData(SocketError.NoBufferSpaceAvailable, true)]
    public void Lets_the_listener_rest_only_when_there_is_a_want_of_something(SocketError error, bool rests)
    {
        ScriptedIo io = new() { AcceptError = error };
        Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 1);
        using SocketSet set = new([listener], io);
        int failed = 0;
        set.AcceptFailed += (_, _) => failed++;
        (bool Rests, Interest Interest) seen = default;
        Limit.WithinRest(listener, () =>
        {
            failed = 0;
            Assert.False(set.TryAccept(listener, out _));
            seen = (listener.IsBackingOff, listener.Interest);
        });

        Assert.Equal((rests, rests ? Interest.None : Interest.Read), seen);
        Assert.Equal(rests ? 1 : 0, failed);
    }

    [Fact]
    public void Makes_no_call_while_the_listener_rests_and_one_when_it_has_rested()
    {
        ScriptedIo io = new() { AcceptError = SocketError.TooManyOpenSockets };
        Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 1);
        using SocketSet set = new([listener], io);
        long begin = Environment.TickCount64;
        Limit.Until(
            () =>
            {
                set.TryAccept(listener, out _);
                Assert.InRange(set.BackoffMilliseconds, -1, Listener.BackoffMilliseconds);
                return io.Calls.Count == 3;
            },
            "it has been asked three times");
        Assert.True(Environment.TickCount64 - begin >= 2 * Listener.BackoffMilliseconds, "it was asked before it had rested");

        io.AcceptError = SocketError.WouldBlock;
        io.Calls.Clear();
        Limit.Until(() => !listener.IsBackingOff, "it has rested");
        set.TryAccept(listener, out _);
        Assert.Equal(["accept"], io.Calls);
        Assert.Equal(Timeout.Infinite, set.BackoffMilliseconds);
    }

    [Fact]
    public void Withstands_many_threads_that_accept_close_and_walk()
    {
        const int Each = 300;
        _set.SetBlocking(false);
        List<BackgroundWork> errands = [.. Enumerable.Range(0, 3).Select(_ => BackgroundWork.Begin(AcceptAndClose))];
        using CancellationTokenSource enough = new();
        BackgroundWork walker = BackgroundWork.Begin(() =>
        {
            while (!enough.IsCancellationRequested)
                Walk();
        });

        for (int i = 0; i < 3 * Each; i++)
            Connect();
        foreach (BackgroundWork errand in errands)
            errand.Done();

        enough.Cancel();
        walker.Done();
        Assert.Equal(0, _set.Count);

        void AcceptAndClose()
        {
            for (int done = 0; done < Each;)
            {
                if (!_set.TryAccept(_listener, out Connection? connection))
                    continue;

                Assert.Same(connection, _set.Find(connection.Token));
                _set.Close(connection, CloseReason.Idle);
                done++;
            }
        }
    }

    [Fact]
    public void Admits_no_more_than_it_may_though_several_threads_accept_at_once()
    {
        const int Threads = 4;
        using Barrier together = new(Threads);
        Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 16);
        using SocketSet set = new([listener], new AcceptsTogether(together), new EchoPolicy { MaxConnections = 1 });
        for (int i = 0; i < 50; i++)
        {
            for (int client = 0; client < Threads; client++)
            {
                _clients.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                _clients[^1].Connect(listener.EndPoint);
            }

            List<BackgroundWork> errands = [.. Enumerable.Range(0, Threads).Select(_ => BackgroundWork.Begin(() => set.TryAccept(listener, out Connection? _)))];
            errands.ForEach(errand => errand.Done());
            Assert.Equal(1, set.Count);
            foreach (Connection admitted in set)
                set.Close(admitted, CloseReason.Idle);
        }
    }

    private Connection Accept()
    {
        Connect();
        Assert.True(_set.TryAccept(_listener, out Connection? connection));
        return connection;
    }

    private void Connect()
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(_listener.EndPoint);
        _clients.Add(client);
    }

    private List<Connection> Walk()
    {
        List<Connection> met = [];
        foreach (Connection connection in _set)
            met.Add(connection);

        return met;
    }

    /// <summary>Has everybody wait until each has accepted a client.</summary>
    private sealed class AcceptsTogether(Barrier barrier) : ISocketIo
    {
        public Socket? Accept(Socket listener, bool blocking, out SocketError error)
        {
            Socket? accepted = SocketIo.ForThisSystem.Accept(listener, blocking, out error);
            Assert.True(barrier.SignalAndWait(Limit.Generous), "not all of them accept");
            return accepted;
        }

        public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error) => SocketIo.ForThisSystem.Receive(socket, buffer, out error);

        public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error) => SocketIo.ForThisSystem.Send(socket, bytes, out error);

        public void SetBlocking(Socket socket, bool blocking) => SocketIo.ForThisSystem.SetBlocking(socket, blocking);

        public int Unacknowledged(Socket socket) => 0;
    }
}
