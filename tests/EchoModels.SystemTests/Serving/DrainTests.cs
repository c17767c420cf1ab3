using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>What is owed at the end goes out, as long as <c>--drain</c> allows.</summary>
public sealed class DrainTests
{
    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void A_client_that_reads_only_after_the_signal_gets_everything(string model)
    {
        using Server server = Server.Start("--model", model, "--drain", "1m");
        using StuckClient stuck = new(server);

        server.Signal(Native.SIGTERM);
        server.AwaitLine("stopping");
        Thread.Sleep(200); // so that the model has let go, and the goodbye has begun
        Assert.True(server.IsAlive);
        stuck.ReadAll();

        Assert.Equal(0, server.ExitCode());
        Assert.Contains($" {stuck.Sent} bytes in, {stuck.Sent} bytes out", server.Lines[^1]);
    }

    /// <summary>Closing with unread input resets the connection, and a reset destroys what is under way (RFC 1122, 4.2.2.13).</summary>
    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void A_client_that_sends_on_after_the_signal_loses_nothing_of_what_it_sent_before(string model)
    {
        using Server server = Server.Start("--model", model, "--drain", "1m");
        using StuckClient stuck = new(server);

        server.Signal(Native.SIGTERM);
        server.AwaitLine("stopping");
        Thread.Sleep(200);
        stuck.SendMore();
        stuck.ReadAllButTheEnd();
        Assert.Equal(0, server.ExitCode());
    }

    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void A_client_that_never_reads_delays_the_end_by_the_drain_time_only(string model)
    {
        using Server server = Server.Start("--model", model, "--drain", "300ms");
        using StuckClient stuck = new(server);

        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode()); // which waits for seconds, where the client would hold it for ever
        Assert.Contains("served 1 connections", server.Lines[^1]);
        Assert.Single(server.Said("closed .*: drain"));
    }

    [Fact]
    public void No_drain_time_at_all_is_accepted()
    {
        using Server server = Server.Start("--drain", "0s");
        using StuckClient stuck = new(server);
        server.End();
    }
}
