using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Connections;

public sealed class ListenerTests
{
    private static readonly IKernel Kernel = TestKernel.Open();
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    [Fact]
    public void Names_the_port_that_the_kernel_chose() => WithListener(listener =>
    {
        Assert.NotEqual(0, listener.EndPoint.Port);
        Assert.Equal(IPAddress.Loopback, listener.EndPoint.Address);
    });

    [Fact]
    public void Refuses_a_port_in_use_and_leaves_no_descriptor()
    {
        LeakCheck before = LeakCheck.Now();
        WithListener(first =>
        {
            SocketException refusal = Assert.Throws<SocketException>(() => TestKernel.Listen(first.EndPoint, backlog: 1));
            Assert.Equal(SocketError.AddressAlreadyInUse, refusal.SocketErrorCode);
        });

        before.AssertNothingIsLeft();
    }

    [Fact]
    public void Refuses_an_address_that_is_not_ours()
    {
        IPEndPoint elsewhere = new(IPAddress.Parse("192.0.2.1"), 0); // TEST-NET-1, RFC 5737

        Assert.Equal(SocketError.AddressNotAvailable, Assert.Throws<SocketException>(() => TestKernel.Listen(elsewhere, 1)).SocketErrorCode);
    }

    [Fact]
    public void Opens_a_port_again_right_after_a_connection_to_it_was_closed()
    {
        IPEndPoint? used = null;
        WithListener(first =>
        {
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(used = first.EndPoint);
            int accepted = Kernel.Accept(first.Socket, blocking: true, out _);
            Kernel.Close(new SocketHandle(accepted)); // the server closes first, so TIME_WAIT is on its side
        });

        Kernel.Close(TestKernel.Listen(used!, backlog: 1).Socket);
    }

    [Fact]
    public void Keeps_IPv4_and_IPv6_apart_on_the_same_port()
    {
        Listener six = TestKernel.Listen(new IPEndPoint(IPAddress.IPv6Any, 0), backlog: 1);
        Listener four = TestKernel.Listen(new IPEndPoint(IPAddress.Loopback, six.EndPoint.Port), backlog: 1);

        Assert.Equal(six.EndPoint.Port, four.EndPoint.Port);
        Assert.Equal((IPAddress.IPv6Any, IPAddress.Loopback), (six.EndPoint.Address, four.EndPoint.Address));
        Kernel.Close(six.Socket);
        Kernel.Close(four.Socket);
    }

    [Fact]
    public void Backs_off_for_less_than_a_second() => WithListener(listener =>
    {
        int left = 0;
        Limit.WithinBackoff(listener, () =>
        {
            listener.BackOff();
            left = listener.BackoffLeft;
        });

        Assert.InRange(left, 1, 999);
    });

    private static void WithListener(Action<Listener> test)
    {
        Listener listener = TestKernel.Listen(AnyPort, backlog: 1);
        try
        {
            test(listener);
        }
        finally
        {
            Kernel.Close(listener.Socket);
        }
    }
}
