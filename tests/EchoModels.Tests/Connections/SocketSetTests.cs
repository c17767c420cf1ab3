using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Connections;

public sealed class SocketSetTests : IDisposable
{
    private readonly Listener _listener = TestKernel.Listen(backlog: 1_024);
    private readonly List<Socket> _clients = [];
    private readonly SocketSet _set;

    public SocketSetTests() => _set = new SocketSet([_listener], TestKernel.Open());

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
    public void Does_not_touch_the_socket_that_reuses_the_descriptor_of_a_closed_one()
    {
        Connection closed = Accept();
        Connection other = closed;
        Limit.Until(
            () =>
            {
                closed = Accept();
                int number = closed.Socket.Number;
                Connect();
                _set.Close(closed, CloseReason.Idle);
                Assert.True(_set.TryAccept(_listener, out other!));
                return other.Socket.Number == number; // another test may have got it
            },
            "another socket has its number");

        Assert.Equal(IoStatus.Closed, closed.Echo(new byte[64]));
        _set.Abort(closed, CloseReason.Idle);
        _set.Close(closed, CloseReason.Idle);
        _clients[^1].Send("still open"u8);
        Limit.Until(() => other.Available() == 10, "the other connection is open in both directions");
        Assert.Equal(IoStatus.Progress, other.Echo(new byte[64]));
    }

    [Fact]
    public void Reuses_a_slot_in_its_next_generation()
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
    public void Counts_and_enumerates_the_connections_and_not_the_listeners()
    {
        Assert.Equal(0, _set.Count);
        List<Connection> accepted = [.. Enumerable.Range(0, 200).Select(_ => Accept())];

        Assert.Equal(200, _set.Count);
        Assert.Equal(accepted, Enumerate());
    }

    [Fact]
    public void Enumerates_every_connection_although_each_is_closed_on_the_way()
    {
        for (int i = 0; i < 100; i++)
            Accept();

        int count = 0;
        foreach (Connection connection in _set)
        {
            count++;
            _set.Close(connection, CloseReason.Idle);
        }

        Assert.Equal((100, 0), (count, _set.Count));
        Assert.Empty(Enumerate());
    }

    [Fact]
    public void Publishes_each_connection_and_the_reason_of_each_close()
    {
        List<string> published = [];
        using (_set.Events.Subscribe("test", happened => published.Add(happened is ConnectionClosed closed ? closed.Reason.ToString() : "accepted")))
        {
            Connection first = Accept();
            Connection second = Accept();
            Accept();
            _set.Close(first, CloseReason.Reset);
            _set.Abort(second, CloseReason.Idle);
            _set.Close(second, CloseReason.PeerClosed);
            _set.Dispose();
        }

        Assert.Equal(["accepted", "accepted", "accepted", "Reset", "Idle", "Drain"], published);
        Assert.Equal((3L, 3L), (_set.AcceptedCount, _set.ClosedCount));
    }

    [Fact]
    public void Can_be_used_by_many_threads_that_accept_close_and_enumerate()
    {
        const int Each = 300;
        Needs.Descriptors(2_000);
        _set.SetBlocking(false);
        List<BackgroundWork> threads = [.. Enumerable.Range(0, 3).Select(_ => BackgroundWork.Start(AcceptAndClose))];
        using CancellationTokenSource enough = new();
        BackgroundWork enumerating = BackgroundWork.Start(() =>
        {
            while (!enough.IsCancellationRequested)
                Enumerate();
        });

        for (int i = 0; i < 3 * Each; i++)
            Connect();
        foreach (BackgroundWork thread in threads)
            thread.Wait();

        enough.Cancel();
        enumerating.Wait();
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

    private List<Connection> Enumerate()
    {
        List<Connection> connections = [];
        foreach (Connection connection in _set)
            connections.Add(connection);

        return connections;
    }
}
