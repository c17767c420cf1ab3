using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>Every model returns every byte to the client that sent it, in order, and closes when the client has.</summary>
public sealed class EchoContract
{
    private const int MiB = 1024 * 1024;

    public static TheoryData<string> Available => EveryModel.Available;

    [Theory]
    [MemberData(nameof(Available))]
    public void Echoes_bytes(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(5);
        peer.Exchange(1_000);
        peer.Exchange(100_000);
        peer.Close();
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Echoes_a_byte_at_a_time(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 500; i++)
            peer.Exchange(1);

        peer.Close();
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Available))]
    public void Returns_64_MiB_in_one_stream(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Stream(64 * MiB);
        peer.Close();
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Returns_every_byte_of_a_burst_after_a_half_close(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Send(MiB);
        peer.HalfClose();
        peer.ReceiveToEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.PeerClosed], server.Reasons);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Available))]
    public void Returns_every_byte_to_a_slow_reader(string model) => TestServer.Run(model, new ServerOptions { Queue = 8 * 1024 }, server =>
    {
        Peer peer = server.Connect(queue: 8 * 1024);
        peer.SendUntilBlocked(most: 16 * MiB);
        while (peer.Check.Missing > 0)
            peer.Receive(Math.Min(peer.Check.Missing, 777));

        peer.Close();
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Returns_data_that_arrived_with_the_end_of_the_stream(string model) => TestServer.Run(model, server =>
    {
        for (int i = 0; i < 20; i++)
        {
            Peer peer = server.Connect();
            peer.Cork();
            peer.Send(100);
            peer.HalfClose(); // uncorks: one segment with the bytes and the FIN
            peer.ReceiveToEnd();
        }

        server.AwaitClosed(20);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Returns_urgent_data_in_order(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 10; i++)
        {
            peer.Send(3);
            peer.SendUrgent();
            peer.Send(2);
            peer.Receive(6);
        }

        peer.Close();
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Available))]
    public void Returns_to_each_of_200_clients_what_it_sent(string model) => TestServer.Run(model, server =>
    {
        List<Peer> peers = [];
        for (int i = 0; i < 200; i++)
            peers.Add(server.Connect());
        foreach (Peer peer in peers)
            peer.Send(1_500);
        foreach (Peer peer in peers)
        {
            peer.Receive(1_500);
            peer.Close(); // in the order of the backlog, for a model that serves one at a time
        }

        server.AwaitClosed(200);
        Assert.Equal(200, server.Accepted.Count);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Closes_a_connection_on_which_nothing_was_sent(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        server.AwaitAccepted(1);
        peer.Close();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.PeerClosed], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Accepts_at_each_of_three_ports(string model) => TestServer.Run(model, new ServerOptions { Ports = 3 }, server =>
    {
        for (int i = 0; i < 9; i++)
        {
            Peer peer = server.Connect(port: i % 3);
            peer.Exchange(1_000);
            peer.Close();
        }
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Accepts_at_an_IPv6_port(string model) => TestServer.Run(model, new ServerOptions { Address = IPAddress.IPv6Loopback }, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(1_000);
        peer.Close();
        Assert.Equal(AddressFamily.InterNetworkV6, server.Published<ConnectionAccepted>().Single().Peer!.AddressFamily);
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Refuses_connections_after_the_stop(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        peer.Close();
        server.Stop(TimeSpan.FromSeconds(5));

        SocketException refusal = Assert.Throws<SocketException>(() => server.Connect());
        Assert.Equal(SocketError.ConnectionRefused, refusal.SocketErrorCode);
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Sends_the_unsent_bytes_of_a_connection_that_it_takes_over(string model)
    {
        ModelRow holder = FakeModel.Row("holder", FakeModel.HoldSockets);
        TestServer.Run(holder, new ServerOptions(), server =>
        {
            Peer peer = server.Connect();
            Assert.True(server.Sockets.TryAccept(server.Sockets.Listeners[0], out Connection? connection));

            // As a greeting is: bytes to send before anything is received.
            connection.KeepUnsent(peer.Check.Next(50_000));
            peer.Check.MarkSent(50_000);
            server.Switch(model);
            peer.Receive(50_000);
            peer.Exchange(100);
            peer.Close();
        });
    }

    [Fact]
    public void Blocking_serves_the_second_client_when_the_first_has_closed() => TestServer.Run("blocking", server =>
    {
        Peer first = server.Connect();
        first.Exchange(10);
        Peer second = server.Connect();
        second.Send(10);
        for (int i = 0; i < 100; i++)
            first.Exchange(10);

        Assert.Equal(0, second.Available);
        Assert.Single(server.Accepted);
        first.Close();
        second.Receive(10);
        second.Close();
    });
}
