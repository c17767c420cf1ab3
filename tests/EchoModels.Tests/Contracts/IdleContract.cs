using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>Whoever says nothing for too long is closed, whichever model serves it, and nobody else.</summary>
public sealed class IdleContract
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string> Here => EveryModel.Here;

    public static TheoryData<string> ServingAll => EveryModel.ServingAll;

    [Theory]
    [MemberData(nameof(Here))]
    public void Closes_who_says_nothing(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        using IdleWatch watch = new(server.Sockets, Short);
        peer.HearEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Closes_who_does_not_read(string model) => TestServer.Run(model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SayUntilStuck(16 * MiB);
        using IdleWatch watch = new(server.Sockets, Short);
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Lets_live_who_talks(string model) => TestServer.Run(model, server =>
    {
        Peer talker = server.Connect();
        Peer silent = server.Connect();
        talker.Exchange(10);
        silent.Exchange(10);
        using IdleWatch watch = new(server.Sockets, 10 * Short);
        while (server.Closed.IsEmpty)
        {
            talker.Exchange(1);
            Thread.Sleep(5);
        }

        talker.Exchange(10);
        Assert.Equal([CloseReason.Idle], server.Reasons);
        Assert.Equal(server.Closed.Single().Connection.Peer, silent.Address);
        talker.Leave();
    });
}
