using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Limits;

/// <summary>Many concurrent connections.</summary>
[Slow]
public sealed class ManyClientsTests
{
    private const int Many = 9_000;

    [MainCase, Theory]
    [MemberData(nameof(Models.ForThousands), MemberType = typeof(Models))]
    public void Nine_thousand_clients_are_served(string model)
    {
        if (model == "threads")
            Needs.Threads(Many + 500);

        using Server server = Server.Start(["--model", .. model.Split(' ')]);
        using ClientGroup clients = new(server, Many);
        for (int i = 0; i < Many; i++)
            clients[i].Send(BitConverter.GetBytes((long)i));
        for (int i = 0; i < Many; i++)
            clients[i].Expect(BitConverter.GetBytes((long)i));

        JsonElement status = server.Status();
        Assert.Equal(Many, status.GetProperty("connections").GetProperty("open").GetInt32());
        Assert.Equal(Many, status.GetProperty("receives").GetInt64());
        if (model == "threads")
            Assert.InRange(status.GetProperty("threads").GetInt32(), Many, Many + 100);

        server.Signal(Native.SIGTERM);
        Assert.All(clients, client => client.ExpectEnd());
        Assert.Equal(0, server.ExitCode());
        Assert.Single(server.LinesMatching($"served {Models.Count(Many, "connection")}, {Models.Count(Many, "message")}, {Models.Count(Many * 8, "byte")} in, {Models.Count(Many * 8, "byte")} out"));
    }

    [Theory]
    [InlineData("threads", null)]
    [InlineData("threads", "epoll")]
    [InlineData("epoll", null)]
    [InlineData("poll", null)]
    [InlineData("select", null)]
    [InlineData("io-uring", null)]
    [InlineData("io-uring", "epoll")]
    public void A_thousand_idle_connections_use_almost_no_CPU_time(string model, string? before)
    {
        using Server server = Server.Start("--model", before ?? model);
        using ClientGroup clients = new(server, 1_000);
        EchoAll(clients, "hello"u8);
        if (before is not null)
            server.Switch(model);

        EchoAll(clients, "hello again"u8);
        ProcessUsage.AwaitShare(server.Id, 1);
        long wakeUps = server.Status().GetProperty("wakeups").GetInt64();
        Thread.Sleep(2_000);
        Assert.InRange(server.Status().GetProperty("wakeups").GetInt64() - wakeUps, 0, 50); // a count, so that a busy machine makes no difference
        clients[500].Echo("still there");
    }

    /// <summary>All send, then all receive, so that one pass of a model over its list serves many.</summary>
    private static void EchoAll(ClientGroup clients, ReadOnlySpan<byte> message)
    {
        foreach (Client client in clients)
            client.Send(message);
        foreach (Client client in clients)
            client.Expect(message);
    }
}
