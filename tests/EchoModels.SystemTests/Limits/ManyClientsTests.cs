using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Limits;

/// <summary>Many connections at once.</summary>
public sealed class CrowdTests
{
    private const int Many = 9_000;

    [Theory]
    [MemberData(nameof(Models.ForThousands), MemberType = typeof(Models))]
    public void Nine_thousand_are_held_and_served(string model)
    {
        using Server server = Server.Start(["--model", .. model.Split(' ')]);
        using Crowd crowd = new(server, Many);
        for (int i = 0; i < Many; i++)
            crowd.Clients[i].Send(BitConverter.GetBytes((long)i));
        for (int i = 0; i < Many; i++)
            crowd.Clients[i].Expect(BitConverter.GetBytes((long)i));

        JsonElement status = server.Status();
        Assert.Equal(Many, status.GetProperty("connections").GetProperty("open").GetInt32());
        Assert.Equal(Many, status.GetProperty("receives").GetInt64());
        if (model == "threads")
            Assert.InRange(status.GetProperty("threads").GetInt32(), Many, Many + 100);

        server.Signal(Native.SIGTERM);
        Assert.All(crowd.Clients, client => client.ExpectEnd());
        Assert.Equal(0, server.ExitCode());
        Assert.Single(server.Said($"served {Many} connections, {Many} messages, {Many * 8} bytes in, {Many * 8} bytes out"));
    }

    [Theory]
    [InlineData("threads", null)]
    [InlineData("threads", "epoll")]
    [InlineData("epoll", null)]
    [InlineData("poll", null)]
    [InlineData("select", null)]
    [InlineData("io-uring", null)]
    [InlineData("io-uring", "epoll")]
    public void A_thousand_idle_connections_cost_next_to_nothing(string model, string? before)
    {
        using Server server = Server.Start("--model", before ?? model);
        using Crowd crowd = new(server, 1_000);
        EchoAll(crowd, "hello"u8);
        if (before is not null)
            server.Switch(model);

        EchoAll(crowd, "hello again"u8);
        Processor.AwaitShare(server.Id, 1);
        long wakeUps = server.Status().GetProperty("wakeups").GetInt64();
        Thread.Sleep(2_000);
        Assert.InRange(server.Status().GetProperty("wakeups").GetInt64() - wakeUps, 0, 50); // counted, and so the same however busy the machine is
        crowd.Clients[500].Echo("still there");
    }

    /// <summary>All send, then all receive: so a model that walks its whole list walks it for many at once.</summary>
    private static void EchoAll(Crowd crowd, ReadOnlySpan<byte> message)
    {
        foreach (Client client in crowd.Clients)
            client.Send(message);
        foreach (Client client in crowd.Clients)
            client.Expect(message);
    }
}
