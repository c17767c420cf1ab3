using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>Clients that reset, do not read, or send without end do not keep any model from serving the others.</summary>
public sealed class MisbehavingClientContract
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;
    private const int MostUnsent = 64 * 1024;

    public static TheoryData<string> Available => EveryModel.Available;

    public static TheoryData<string> ServingAll => EveryModel.ServingAll;

    [Theory]
    [MemberData(nameof(Available))]
    public void Survives_a_reset_right_after_the_connect(string model) => TestServer.Run(model, server =>
    {
        for (int i = 0; i < 20; i++)
            server.Connect().Reset();

        ServesOneMore(server);
    });

    [Theory]
    [MemberData(nameof(Available))]
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
    [MemberData(nameof(Available))]
    public void Survives_a_reset_right_behind_the_data(string model) => TestServer.Run(model, server =>
    {
        for (int i = 0; i < 20; i++)
        {
            Peer peer = server.Connect();
            peer.Send(20_000);
            peer.Reset();
        }

        ServesOneMore(server);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Available))]
    public void Survives_a_reset_while_it_has_unsent_bytes(string model) => TestServer.Run(model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        for (int i = 0; i < 3; i++)
        {
            Peer peer = server.Connect(queue: SmallQueue);
            peer.SendUntilBlocked(16 * MiB);
            peer.Reset();
            server.AwaitClosed(i + 1);
        }

        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Reset, reason));
        ServesOneMore(server);
    });

    [Theory]
    [MemberData(nameof(Available))]
    public void Survives_a_close_that_does_not_wait_for_the_echo(string model) => TestServer.Run(model, server =>
    {
        for (int i = 0; i < 20; i++)
        {
            Peer peer = server.Connect();
            peer.Send(20_000);
            peer.Dispose();
        }

        ServesOneMore(server);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Serves_the_others_beside_one_that_never_reads(string model) => TestServer.Run(model, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer other = server.Connect();
        other.Exchange(10);
        Peer stuck = server.Connect(queue: SmallQueue);
        stuck.SendUntilBlocked(16 * MiB);

        for (int i = 0; i < 200; i++)
            other.Exchange(1_000);

        Peer late = server.Connect();
        late.Exchange(1_000);

        int unsent = 0;
        foreach (Connection connection in server.Sockets)
            unsent += connection.Unsent.Length;

        Assert.InRange(unsent, 0, MostUnsent);
        Assert.Empty(server.Closed);
        other.Close();
        late.Close();
    });

    [Theory]
    [MemberData(nameof(ServingAll))]
    public void Serves_a_quiet_client_beside_two_firehoses(string model) => TestServer.Run(model, server =>
    {
        Peer quiet = server.Connect();
        using CancellationTokenSource enough = new();
        Peer[] firehoses = [server.Connect(), server.Connect()];
        List<BackgroundWork> sending = [.. firehoses.Select(firehose => BackgroundWork.Start(() => SendUntil(firehose, enough.Token)))];
        for (int i = 0; i < 100; i++)
            quiet.Exchange(10);

        enough.Cancel();
        foreach (BackgroundWork work in sending)
            work.Wait();

        quiet.Close();
        server.AwaitClosed(3);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    });

    private static void SendUntil(Peer firehose, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
            firehose.Stream(256 * 1024);

        firehose.Close();
    }

    /// <summary>The earlier connections have been closed, and a new one is served.</summary>
    private static void ServesOneMore(TestServer server)
    {
        Peer peer = server.Connect();
        peer.Exchange(10_000);
        Limit.Until(() => server.Sockets.Count + server.Services.Children.Count == 1, "only the new connection is open");
        peer.Close();
    }
}
