using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>The verb <c>stop</c>: like SIGTERM, over the control channel; it returns when the server has ended.</summary>
public sealed class StopVerbTests
{
    [Fact]
    public void An_idle_server_has_ended_when_the_verb_returns()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("hello");
        Outcome outcome = Executable.RunBeside(server, "stop", "-p", $"{server.Port}");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Matches($@"127\.0\.0\.1:{server.Port} \(process {server.Id}\): stopped in \d+\.\d s: 1 connection closed, 0 bytes sent meanwhile\n$", outcome.Output);
        Assert.False(Client.CanConnect(server));
        client.ExpectEnd();
        Assert.Equal(0, server.ExitCode());
        Assert.Single(server.LinesMatching("stop: stopping; no new clients"));
        Assert.Single(server.LinesMatching("served 1 connection"));
    }

    [Slow, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Unsent_bytes_go_out_first_and_are_counted(string model)
    {
        if (model == "process")
            return; // its bytes wait in the child

        using Server server = Server.Start("--drain", "1h", "--model", model);
        using StuckClient stuck = new(server);
        BackgroundStop stop = new(server, "--json");
        Limit.Until(() => !Client.CanConnect(server), "the port is closed");
        Assert.False(stop.HasEnded);
        stuck.ReadToEnd();

        Outcome outcome = stop.Outcome();
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        JsonElement report = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(0, report.GetProperty("cutOff").GetInt32());
        Assert.InRange(report.GetProperty("closed").GetInt64(), 1, 100); // with those that have asked whether the port is closed
        Assert.InRange(report.GetProperty("bytesOut").GetInt64(), 1, stuck.Sent);
        Assert.Equal(0, server.ExitCode());
    }

    [Slow, Fact]
    public void A_client_that_does_not_read_is_cut_off_when_the_time_is_up()
    {
        using Server server = Server.Start("--drain", "300ms");
        using StuckClient stuck = new(server);
        Outcome outcome = Executable.RunBeside(server, "stop");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Matches(@"1 connection cut off with unsent bytes \([1-9][\d,]* in the server\)", outcome.Output);
        Assert.Equal(0, server.ExitCode());
    }

    [Slow, Fact]
    public void A_server_that_is_killed_meanwhile_did_not_stop_in_order()
    {
        using Server server = Server.Start("--drain", "1h");
        using StuckClient stuck = new(server);
        BackgroundStop stop = new(server);
        Limit.Until(() => !Client.CanConnect(server), "the port is closed");
        server.Kill();

        Outcome outcome = stop.Outcome();
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains("ended meanwhile", Assert.Single(outcome.ErrorLines));
    }

    [Slow, Fact]
    public void Several_stops_get_the_same_answer_and_a_signal_after_them_is_the_second()
    {
        using Server server = Server.Start("--drain", "1h");
        using StuckClient stuck = new(server);
        BackgroundStop[] stops = [new(server), new(server), new(server)];
        Limit.Until(() => !Client.CanConnect(server), "the port is closed");
        server.AwaitLine("listening");
        Limit.Until(() => server.Request("identify").GetProperty("processId").GetInt32() == server.Id, "it answers while it stops");
        Thread.Sleep(300); // a signal within 200 ms counts as the same
        server.Signal(Native.SIGTERM);

        Assert.Equal(1, server.ExitCode());
        Assert.All(stops, stop => stop.Outcome());
        Assert.Contains(server.Lines, line => line.Contains("a second signal: ending at once", StringComparison.Ordinal));
    }

    /// <summary>A run of the verb beside the test.</summary>
    private sealed class BackgroundStop
    {
        private readonly Thread _thread;
        private Outcome? _outcome;

        public BackgroundStop(Server server, params string[] options)
        {
            _thread = new Thread(() => _outcome = Executable.RunBeside(server, ["stop", .. options])) { IsBackground = true };
            _thread.Start();
        }

        public bool HasEnded => !_thread.IsAlive;

        public Outcome Outcome()
        {
            Assert.True(_thread.Join(Limit.Generous), "the verb did not end");
            return _outcome!;
        }
    }
}
