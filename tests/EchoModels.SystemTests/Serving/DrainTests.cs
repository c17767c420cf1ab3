using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>Unsent bytes are still sent at the end, for as long as <c>--drain</c> allows.</summary>
public sealed class DrainTests
{
    [MainCase, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void A_client_that_reads_only_after_the_signal_gets_everything(string model)
    {
        using Server server = Server.Start("--model", model, "--drain", "1m");
        using StuckClient stuck = new(server);

        server.Signal(Native.SIGTERM);
        server.AwaitLine("stopping");
        Limit.Until(() => !Client.CanConnect(server), "the model has returned, and the drain has begun");
        Assert.True(server.IsAlive);
        stuck.ReadToEnd();

        Assert.Equal(0, server.ExitCode());
        Assert.Contains($" {Models.Count(stuck.Sent, "byte")} in, {Models.Count(stuck.Sent, "byte")} out", server.Lines[^1]);
    }

    /// <summary>Closing with unread input resets the connection, and a reset discards what is in flight (RFC 1122, 4.2.2.13).</summary>
    [Slow, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void A_client_that_sends_after_the_signal_loses_nothing_that_it_sent_before(string model)
    {
        using Server server = Server.Start("--model", model, "--drain", "1m");
        using StuckClient stuck = new(server);

        server.Signal(Native.SIGTERM);
        server.AwaitLine("stopping");
        Limit.Until(() => !Client.CanConnect(server), "the model has returned");
        long before = BytesOut(server);
        stuck.ReadUntil(() => BytesOut(server) > before); // the drain has begun: it sends, and does not receive what is sent now
        stuck.SendMore();
        stuck.ReadAllBytes();
        Assert.Equal(0, server.ExitCode());
    }

    [Slow, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void A_client_that_never_reads_delays_the_end_only_by_the_drain_time(string model)
    {
        using Server server = Server.Start("--model", model, "--drain", "300ms");
        using StuckClient stuck = new(server);

        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode()); // fails if it does not end: without a limit, the client would keep it for ever
        Assert.Contains("served 1 connection", server.Lines[^1]);
        Assert.Single(server.LinesMatching("closed .*: drain"));
    }

    [Slow, Fact]
    public void A_drain_time_of_zero_is_accepted()
    {
        using Server server = Server.Start("--drain", "0s");
        using StuckClient stuck = new(server);
        server.End();
    }

    private static long BytesOut(Server server) => server.Status().GetProperty("bytesOut").GetInt64();
}
