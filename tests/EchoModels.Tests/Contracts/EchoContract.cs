using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>What every model owes its clients' bytes.</summary>
public sealed class EchoContract
{
    private const int MiB = 1024 * 1024;

    public static TheoryData<string> Here => EveryModel.Here;

    [Theory]
    [MemberData(nameof(Here))]
    public void Echoes_bytes(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(5);
        peer.Exchange(1_000);
        peer.Exchange(100_000);
        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Echoes_a_byte_at_a_time(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 500; i++)
            peer.Exchange(1);

        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Returns_64_MiB_in_one_stream(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Stream(64 * MiB);
        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Returns_every_byte_of_a_burst_after_a_half_close(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Say(MiB);
        peer.HalfClose();
        peer.HearEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.PeerClosed], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Returns_every_byte_to_a_slow_reader(string model) => TestServer.Run(model, new ServerOptions { Queue = 8 * 1024 }, server =>
    {
        Peer peer = server.Connect(queue: 8 * 1024);
        peer.SayUntilStuck(most: 16 * MiB);
        while (peer.Ledger.Missing > 0)
            peer.Hear(Math.Min(peer.Ledger.Missing, 777));

        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Returns_data_that_came_with_the_end_of_stream(string model) => TestServer.Run(model, server =>
    {
        for (int i = 0; i < 20; i++)
        {
            Peer peer = server.Connect();
            peer.Cork();
            peer.Say(100);
            peer.HalfClose(); // uncorks: one segment with the bytes and the FIN
            peer.HearEnd();
        }

        server.AwaitClosed(20);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Returns_urgent_data_in_its_place_in_the_stream(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 10; i++)
        {
            peer.Say(3);
            peer.SayUrgently();
            peer.Say(2);
            peer.Hear(6);
        }

        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Returns_to_each_of_200_clients_what_it_said(string model) => TestServer.Run(model, server =>
    {
        List<Peer> peers = [];
        for (int i = 0; i < 200; i++)
            peers.Add(server.Connect());
        foreach (Peer peer in peers)
            peer.Say(1_500);
        foreach (Peer peer in peers)
        {
            peer.Hear(1_500);
            peer.Leave(); // in the order of the backlog, so that one at a time will do
        }

        server.AwaitClosed(200);
        Assert.Equal(200, server.Accepted.Count);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Lets_a_client_be_silent_and_leave(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        server.AwaitAccepted(1);
        peer.Leave();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.PeerClosed], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Accepts_at_each_of_three_ports(string model) => TestServer.Run(model, new ServerOptions { Ports = 3 }, server =>
    {
        for (int i = 0; i < 9; i++)
        {
            Peer peer = server.Connect(port: i % 3);
            peer.Exchange(1_000);
            peer.Leave();
        }
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Accepts_at_an_IPv6_port(string model) => TestServer.Run(model, new ServerOptions { Address = IPAddress.IPv6Loopback }, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(1_000);
        peer.Leave();
        Assert.Equal(AddressFamily.InterNetworkV6, server.Accepted.Single().Peer!.AddressFamily);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Refuses_connections_after_the_stop(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        peer.Leave();
        server.Stop(TimeSpan.FromSeconds(5));

        SocketException refusal = Assert.Throws<SocketException>(() => server.Connect());
        Assert.Equal(SocketError.ConnectionRefused, refusal.SocketErrorCode);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Sends_what_was_owed_when_it_adopted_the_connection(string model)
    {
        ModelRow nobody = FakeModel.Row("nobody", FakeModel.ServeNobody);
        TestServer.Run(nobody, new ServerOptions(), server =>
        {
            Peer peer = server.Connect();
            Assert.True(server.Sockets.TryAccept(server.Sockets.Listeners[0], out Connection? connection));

            // A greeting, which is nothing but bytes owed before anything was received.
            connection.KeepUnsent(peer.Ledger.Next(50_000));
            peer.Ledger.Took(50_000);
            server.Switch(model);
            peer.Hear(50_000);
            peer.Exchange(100);
            peer.Leave();
        });
    }

    [Fact]
    public void Blocking_serves_the_second_client_when_the_first_has_left() => TestServer.Run("blocking", server =>
    {
        Peer first = server.Connect();
        first.Exchange(10);
        Peer second = server.Connect();
        second.Say(10);
        for (int i = 0; i < 100; i++)
            first.Exchange(10);

        Assert.Equal(0, second.Available);
        Assert.Single(server.Accepted);
        first.Leave();
        second.Hear(10);
        second.Leave();
    });
}
