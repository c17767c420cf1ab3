using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.Kernel;
using Xunit;

namespace EchoModels.Tests.Selectors;

/// <summary>From what a wait returned to the sockets that are still there.</summary>
public sealed class ReadySocketsTests : IDisposable
{
    private readonly Guests _guests = new();

    public void Dispose() => _guests.Dispose();

    [Fact]
    public void Come_in_the_order_of_their_events()
    {
        Connection first = _guests.Accept();
        Connection second = _guests.Accept();

        Assert.Equal([second, _guests.Listener, first], Walk(second.Token, _guests.Listener.Token, first.Token));
        Assert.Empty(Walk());
    }

    [Fact]
    public void Leave_out_those_who_were_closed()
    {
        Connection first = _guests.Accept();
        Connection second = _guests.Accept();
        Token[] tokens = [first.Token, second.Token, _guests.Listener.Token];
        _guests.Sockets.Close(first, CloseReason.Idle);

        Assert.Equal([second, _guests.Listener], Walk(tokens));
    }

    [Fact]
    public void Leave_out_who_is_closed_while_another_is_attended_to_though_a_newcomer_has_its_place()
    {
        Connection first = _guests.Accept();
        Connection second = _guests.Accept();
        List<EventSource> met = [];
        Connection? newcomer = null;
        foreach (EventSource socket in new ReadySockets(_guests.Sockets, Events(first.Token, second.Token, _guests.Listener.Token)))
        {
            met.Add(socket);
            if (socket != first)
                continue;

            _guests.Sockets.Close(second, CloseReason.Idle);
            newcomer = _guests.Accept();
        }

        Assert.Equal(second.Token.Slot, newcomer!.Token.Slot);
        Assert.Equal([first, _guests.Listener], met);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Leave_out_who_never_was(int slot)
    {
        Token nobody = new(slot, 0);

        Assert.Equal([_guests.Listener], Walk(nobody, _guests.Listener.Token, nobody, nobody));
    }

    private List<EventSource> Walk(params Token[] tokens)
    {
        List<EventSource> met = [];
        foreach (EventSource socket in new ReadySockets(_guests.Sockets, Events(tokens)))
            met.Add(socket);

        return met;
    }

    private static ReadyEvent[] Events(params Token[] tokens) => [.. tokens.Select(token => new ReadyEvent(token, Interest.Read))];

    /// <summary>A set with a listener, and clients for it.</summary>
    private sealed class Guests : IDisposable
    {
        private readonly List<Socket> _clients = [];

        public Guests() => Sockets = new SocketSet([Listener], SocketIo.ForThisSystem);

        public Listener Listener { get; } = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 16);

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
