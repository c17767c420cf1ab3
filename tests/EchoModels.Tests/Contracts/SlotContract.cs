using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Posix;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>At the limit of connections, a client that has left counts no more, and one that is still being served does.</summary>
[Slow]
public sealed class SlotContract
{
    private const int SmallQueue = 8 * 1024;

    private static readonly ServerOptions OneConnection = new() { Queue = SmallQueue, Policy = new EchoPolicy { MaxConnections = 1 } };

    public static TheoryData<string> Available => EveryModel.Available;

    public static TheoryData<string> ServingAll => EveryModel.ServingAll;

    [Theory]
    [MemberData(nameof(Available))]
    public void Admits_a_client_that_closes_and_connects_again_at_once(string model) => TestServer.Run(model, OneConnection, server =>
    {
        const int Times = 100;
        for (int i = 0; i < Times; i++)
        {
            Peer peer = server.Connect();
            peer.Exchange(10);
            peer.Dispose();
        }

        server.AwaitClosed(Times);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Admits_a_client_after_a_reset_at_once(string model) => TestServer.Run(model, OneConnection, server =>
    {
        const int Times = 20;
        for (int i = 0; i < Times; i++)
        {
            Peer peer = server.Connect();
            peer.Exchange(10);
            peer.Reset();
        }

        server.AwaitClosed(Times);
        Assert.All(server.Reasons, reason => Assert.NotEqual(CloseReason.Limit, reason));
    });

    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Turns_a_client_away_while_another_is_connected(string model) => TestServer.Run(model, OneConnection, server =>
    {
        Peer first = server.Connect();
        first.Exchange(10);
        server.Connect().ReceiveToEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Limit], server.Reasons);
        first.Exchange(10);
        first.Close();
    });

    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Turns_a_client_away_while_another_has_ended_its_stream_and_still_receives(string model) => TestServer.Run(model, OneConnection, server =>
    {
        Peer first = server.Connect(queue: SmallQueue);
        first.SendUntilBlocked(16 * 1024 * 1024);
        first.HalfClose();
        Limit.Until(() => HasEndArrived(server, first), "the end of its stream has arrived, behind bytes that are unread");
        server.Connect().ReceiveToEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Limit], server.Reasons);
        first.ReceiveToEnd();
    });

    /// <summary>Has the client receive a little, so that the server has room for the rest and the end of its stream.</summary>
    private static bool HasEndArrived(TestServer server, Peer peer)
    {
        LinuxKernel kernel = server.Services.Kernels.System.Linux!;
        List<SocketHandle> sockets = [.. server.Services.Children.Traffic.Update().Select(child => child.Connection.Socket)];
        server.Sockets.Visit(connection => sockets.Add(connection.Socket));
        SocketHandle only = Assert.Single(sockets);
        if (kernel.ReadTcpInfo(only)?.State == Libc.TCP_CLOSE_WAIT)
            return kernel.Unacknowledged(only) > 0;

        peer.TryReceive(512);
        return false;
    }
}
