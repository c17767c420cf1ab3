using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Sockets;

public sealed class ListenerTests
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    [Fact]
    public void Names_the_port_that_the_kernel_chose()
    {
        Listener listener = Listener.Open(AnyPort, backlog: 1);
        using Socket socket = listener.Socket;

        Assert.NotEqual(0, listener.EndPoint.Port);
        Assert.Equal(IPAddress.Loopback, listener.EndPoint.Address);
    }

    [Fact]
    public void Refuses_a_port_in_use_and_leaves_no_descriptor()
    {
        LeakCheck before = LeakCheck.Now();
        Listener first = Listener.Open(AnyPort, backlog: 1);
        SocketException refusal = Assert.Throws<SocketException>(() => Listener.Open(first.EndPoint, backlog: 1));
        first.Socket.Dispose();

        Assert.Equal(SocketError.AddressAlreadyInUse, refusal.SocketErrorCode);
        before.AssertNothingIsLeft();
    }

    [Fact]
    public void Refuses_an_address_that_is_not_ours()
    {
        IPEndPoint elsewhere = new(IPAddress.Parse("192.0.2.1"), 0); // TEST-NET-1, RFC 5737

        Assert.Equal(SocketError.AddressNotAvailable, Assert.Throws<SocketException>(() => Listener.Open(elsewhere, 1)).SocketErrorCode);
    }

    [Fact]
    public void Opens_a_port_again_right_after_a_connection_to_it_was_closed()
    {
        Listener first = Listener.Open(AnyPort, backlog: 1);
        using (Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            client.Connect(first.EndPoint);
            first.Socket.Accept().Dispose(); // the server closes first, so TIME_WAIT is on its side
        }

        first.Socket.Dispose();
        Listener.Open(first.EndPoint, backlog: 1).Socket.Dispose();
    }

    [Fact]
    public void Keeps_IPv4_and_IPv6_apart_on_the_same_port()
    {
        using Socket six = Listener.Open(new IPEndPoint(IPAddress.IPv6Any, 0), backlog: 1).Socket;
        int port = ((IPEndPoint)six.LocalEndPoint!).Port;
        using Socket four = Listener.Open(new IPEndPoint(IPAddress.Loopback, port), backlog: 1).Socket;

        Assert.Equal(port, ((IPEndPoint)four.LocalEndPoint!).Port);
    }

    [Fact]
    public void Rests_less_than_a_second()
    {
        Listener listener = Listener.Open(AnyPort, backlog: 1);
        using Socket socket = listener.Socket;
        listener.Rest();

        Assert.InRange(listener.BackoffLeft, 0, 999);
    }
}
