using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>What every model withstands: clients that break off, do not read, or never cease, cost the others nothing.</summary>
public sealed class NuisanceContract
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;
    private const int MostOwed = 64 * 1024;

    public static TheoryData<string> Here => EveryModel.Here;

    public static TheoryData<string> ServingAll => EveryModel.ServingAll;

    [Theory]
    [MemberData(nameof(Here))]
    public void Survives_a_reset_right_after_the_connect(string model) => TestServer.Run(model, server =>
    {
        for (int i = 0; i < 20; i++)
            server.Connect().Reset();

        ServesOneMore(server);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Survives_a_reset_while_the_connection_is_idle(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        peer.Reset();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Reset], server.Reasons);
        ServesOneMore(server);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Survives_a_reset_right_behind_the_data(string model) => TestServer.Run(model, server =>
    {
        for (int i = 0; i < 20; i++)
        {
            Peer peer = server.Connect();
            peer.Say(20_000);
            peer.Reset();
        }

        ServesOneMore(server);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Survives_a_reset_while_the_server_owes(string model) => TestServer.Run(model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        for (int i = 0; i < 3; i++)
        {
            Peer peer = server.Connect(queue: SmallQueue);
            peer.SayUntilStuck(16 * MiB);
            peer.Reset();
            server.AwaitClosed(i + 1);
        }

        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Reset, reason));
        ServesOneMore(server);
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Survives_a_close_that_does_not_wait_for_the_echo(string model) => TestServer.Run(model, server =>
    {
        for (int i = 0; i < 20; i++)
        {
            Peer peer = server.Connect();
            peer.Say(20_000);
            peer.Dispose();
        }

        ServesOneMore(server);
    });

    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Serves_the_others_beside_one_that_never_reads(string model) => TestServer.Run(model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer other = server.Connect();
        other.Exchange(10);
        Peer stuck = server.Connect(queue: SmallQueue);
        stuck.SayUntilStuck(16 * MiB);

        for (int i = 0; i < 200; i++)
            other.Exchange(1_000);

        Peer late = server.Connect();
        late.Exchange(1_000);

        int owed = 0;
        foreach (Connection connection in server.Sockets)
            owed += connection.UnsentBytes;

        Assert.InRange(owed, 0, MostOwed);
        Assert.Empty(server.Closed);
        other.Leave();
        late.Leave();
    });

    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Serves_a_quiet_client_beside_two_firehoses(string model) => TestServer.Run(model, server =>
    {
        Peer quiet = server.Connect();
        using CancellationTokenSource enough = new();
        Peer[] hoses = [server.Connect(), server.Connect()];
        List<BackgroundWork> sprays = [.. hoses.Select(hose => BackgroundWork.Begin(() => Spray(hose, enough.Token)))];
        for (int i = 0; i < 100; i++)
            quiet.Exchange(10);

        enough.Cancel();
        foreach (BackgroundWork spray in sprays)
            spray.Done();

        quiet.Leave();
        server.AwaitClosed(3);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    private static void Spray(Peer hose, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
            hose.Stream(256 * 1024);

        hose.Leave();
    }

    /// <summary>Whoever came before is gone without a trace, and who comes now is served.</summary>
    private static void ServesOneMore(TestServer server)
    {
        Peer peer = server.Connect();
        peer.Exchange(10_000);
        Limit.Until(() => server.Sockets.Count + server.Sockets.Children.Count == 1, "only the one that behaves is left");
        peer.Leave();
    }
}
