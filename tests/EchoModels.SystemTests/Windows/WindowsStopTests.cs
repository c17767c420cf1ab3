using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>The end of a server on Windows: Ctrl+C, and what is unsent then.</summary>
[Slow, Collection(WindowsBuild.Collection)]
public sealed class WindowsStopTests(WindowsBuild build)
{
    [Theory]
    [MemberData(nameof(WindowsModels.All), MemberType = typeof(WindowsModels))]
    public void A_client_that_reads_only_after_it_gets_everything(string model)
    {
        using WindowsServer server = new(build, "--model", model, "--drain", "1m");
        using StuckClient stuck = new(server);

        server.Interrupt();
        server.AwaitLine("stopping");
        Limit.Until(() => !Client.CanConnect(server.Port), "the model has returned, and the drain has begun");
        Assert.True(server.IsAlive);
        stuck.ReadToEnd();

        Assert.Equal(0, server.ExitCode());
        Assert.Contains($" {stuck.Sent:N0} bytes in, {stuck.Sent:N0} bytes out", server.Lines[^1]);
        Assert.Empty(build.ControlFiles(server.Port));
    }

    [Theory]
    [MemberData(nameof(WindowsModels.All), MemberType = typeof(WindowsModels))]
    public void A_client_that_never_reads_delays_it_only_by_the_drain_time(string model)
    {
        using WindowsServer server = new(build, "--model", model, "--drain", "300ms");
        using StuckClient stuck = new(server);

        server.Interrupt();
        Assert.Equal(0, server.ExitCode()); // fails if it does not end: without a limit, the client would keep it for ever
        Assert.Contains("served 1 connection,", server.Lines[^1]);
        Assert.Single(server.LinesMatching("closed .*: drain"));
    }

    [Fact]
    public void The_verb_stop_lets_unsent_bytes_go_out()
    {
        using WindowsServer server = new(build, "--model", "select", "--drain", "1m");
        using StuckClient stuck = new(server);
        Outcome? outcome = null;
        Thread stop = new(() => outcome = build.Run("stop", "-p", $"{server.Port}"));
        stop.Start();
        Limit.Until(() => !Client.CanConnect(server.Port), "the drain has begun");
        stuck.ReadToEnd();

        Assert.True(stop.Join(Limit.Generous), "the verb does not end");
        Assert.True(outcome!.ExitCode == 0, outcome.Everything);
        Assert.Equal(0, server.ExitCode());
    }

    [Fact]
    public void A_second_Ctrl_C_ends_it_at_once()
    {
        using WindowsServer server = new(build, "--drain", "1h");
        using StuckClient stuck = new(server);
        server.Interrupt();
        server.AwaitLine("stopping");
        Limit.Until(
            () =>
            {
                server.Interrupt(); // one within 200 ms counts as the first
                return server.LinesMatching("second signal").Length > 0;
            },
            "the second is noticed");
        Assert.Equal(1, server.ExitCode());
    }
}
