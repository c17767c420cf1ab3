using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>A connection that is idle for too long is closed, whichever model serves it, and no other.</summary>
[Slow]
public sealed class IdleContract
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string> Available => EveryModel.Available;

    public static TheoryData<string> ServingAll => EveryModel.ServingAll;

    [Theory]
    [MemberData(nameof(Available))]
    public void Closes_a_client_that_sends_nothing(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        using IdleTimeout watch = new(server.Sockets, server.Services.Children, Short);
        peer.ReceiveToEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Closes_a_client_that_does_not_read(string model) => TestServer.Run(model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SendUntilBlocked(16 * MiB);
        using IdleTimeout watch = new(server.Sockets, server.Services.Children, Short);
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Keeps_a_client_that_sends_while_it_closes_an_idle_one(string model) => TestServer.Run(model, server =>
    {
        Peer active = server.Connect();
        Peer idle = server.Connect();
        active.Exchange(10);
        idle.Exchange(10);
        using IdleTimeout watch = new(server.Sockets, server.Services.Children, 10 * Short);
        while (server.Closed.Count == 0)
        {
            active.Exchange(1);
            Thread.Sleep(5);
        }

        active.Exchange(10);
        Assert.Equal([CloseReason.Idle], server.Reasons);
        Assert.Equal(server.Closed.Single().Peer, idle.Address);
        active.Close();
    });
}
