using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.EventLoops;

/// <summary>The events of a wait, as sockets that are still open.</summary>
public sealed class ReadySocketsTests : IDisposable
{
    private readonly Server _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public void Are_in_the_order_of_their_events()
    {
        Connection first = _server.Accept();
        Connection second = _server.Accept();

        Assert.Equal([second, _server.Listener, first], Enumerate(second.Token, _server.Listener.Token, first.Token));
        Assert.Empty(Enumerate());
    }

    [Fact]
    public void Leave_out_a_closed_connection()
    {
        Connection first = _server.Accept();
        Connection second = _server.Accept();
        Token[] tokens = [first.Token, second.Token, _server.Listener.Token];
        _server.Sockets.Close(first, CloseReason.Idle);

        Assert.Equal([second, _server.Listener], Enumerate(tokens));
    }

    [Fact]
    public void Leave_out_a_connection_that_is_closed_during_the_enumeration_although_its_slot_is_reused()
    {
        Connection first = _server.Accept();
        Connection second = _server.Accept();
        List<EventSource> sockets = [];
        Connection? reused = null;
        foreach (EventSource socket in new ReadySockets(_server.Sockets, Events(first.Token, second.Token, _server.Listener.Token)))
        {
            sockets.Add(socket);
            if (socket != first)
                continue;

            _server.Sockets.Close(second, CloseReason.Idle);
            reused = _server.Accept();
        }

        Assert.Equal(second.Token.Slot, reused!.Token.Slot);
        Assert.Equal([first, _server.Listener], sockets);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Leave_out_a_token_that_was_never_given(int slot)
    {
        Token unknown = new(slot, 0);

        Assert.Equal([_server.Listener], Enumerate(unknown, _server.Listener.Token, unknown, unknown));
    }

    private List<EventSource> Enumerate(params Token[] tokens)
    {
        List<EventSource> sockets = [];
        foreach (EventSource socket in new ReadySockets(_server.Sockets, Events(tokens)))
            sockets.Add(socket);

        return sockets;
    }

    private static ReadyEvent[] Events(params Token[] tokens) => [.. tokens.Select(token => new ReadyEvent(token, Interest.Read))];

    /// <summary>A set with a listener, and clients for it.</summary>
    private sealed class Server : IDisposable
    {
        private readonly List<Socket> _clients = [];

        public Server() => Sockets = new SocketSet([Listener], TestKernel.Open());

        public Listener Listener { get; } = TestKernel.Listen(backlog: 16);

        public SocketSet Sockets { get; }

        public Connection Accept()
        {
            Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _clients.Add(client);
            client.Connect(Listener.EndPoint);
            Assert.True(Sockets.TryAccept(Listener, out Connection? connection));
            return connection;
        }

        public void Dispose()
        {
            Sockets.Dispose();
            foreach (Socket client in _clients)
                client.Dispose();
        }
    }
}
