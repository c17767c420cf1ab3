using System.Diagnostics;
using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

/// <summary>How the host switches.</summary>
public sealed class EchoHostSwitchTests
{
    private static readonly ModelRow Poll = EveryModel.Find("poll");

    [Fact]
    public void Reports_a_switch_to_its_caller_and_publishes_it() => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);

        long begun = Stopwatch.GetTimestamp();
        SwitchReport report = server.Switch(Poll);
        double callMs = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;

        Assert.Equal(("epoll", "poll", 1), (report.From, report.To, report.Connections));
        Assert.InRange(report.PauseMs, double.Epsilon, callMs); // the pause is a part of the call
        Assert.Same(Poll, server.Host.Serving);
        Switched published = Assert.Single(server.Published<Switched>());
        Assert.Equal((report.FromInWords, report.ToInWords, report.PauseMs, 1), (published.From, published.To, published.PauseMs, published.Connections));
        Assert.Same(report, Assert.Single(server.Host.Switches));
        peer.Exchange(10);
    });

    [Fact]
    public void Publishes_a_switch_before_it_returns_to_the_caller() => TestServer.Run("epoll", server =>
    {
        List<string> published = [];
        using (server.Services.Events.Subscribe("slow", Remember))
        {
            server.Switch(Poll);
            Assert.Throws<SwitchRefusedException>(() => server.Switch(FakeModel.CannotBeCreated("bad")));
        }

        Assert.Equal(["poll", "bad"], published);

        void Remember(ServerEvent happened)
        {
            Thread.Sleep(50); // the return to the caller does not wait for it
            if (happened is Switched or ModelFailed)
                published.Add(happened is Switched switched ? switched.To : ((ModelFailed)happened).Model);
        }
    });

    /// <summary>It would wait for the thread that it runs on.</summary>
    [Fact]
    public void Refuses_to_switch_or_stop_on_the_models_own_thread()
    {
        EchoHost? host = null;
        List<Exception?> refusals = [];
        ModelRow self = FakeModel.Row("self", (sockets, stop) =>
        {
            refusals.Add(Record.Exception(() => host!.Switch(Poll)));
            refusals.Add(Record.Exception(() => host!.Observe(null)));
            refusals.Add(Record.Exception(() => host!.Stop(TimeSpan.Zero, CancellationToken.None)));
            FakeModel.HoldSockets(sockets, stop);
        });

        TestServer.Run("epoll", server =>
        {
            host = server.Host;
            server.Switch(self);
            Assert.Equal(3, refusals.Count);
            Assert.All(refusals, refusal => Assert.Contains("thread", Assert.IsType<InvalidOperationException>(refusal).Message, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Lets_a_subscriber_switch_when_it_handles_a_switch() => TestServer.Run("epoll", server =>
    {
        using (server.Services.Events.Subscribe("switches", happened =>
        {
            if (happened is Switched { To: "poll" })
                server.Host.Switch(EveryModel.Find("epoll"));
        }))
        {
            server.Switch(Poll);
        }

        Assert.Equal("epoll", server.Host.Serving.Name);
    });

    [Fact]
    public void Changes_nothing_when_the_model_is_serving() => TestServer.Run("epoll", server =>
    {
        server.Connect().Exchange(10);

        SwitchReport report = server.Switch("epoll");
        Assert.Equal(("epoll", "epoll", 0, 1), (report.From, report.To, report.PauseMs, report.Connections));
        server.Switch(Poll);
        Assert.Equal("poll", Assert.Single(server.Host.Switches).To);
    });

    [Fact]
    public void Makes_concurrent_switches_one_after_the_other() => TestServer.Run("blocking", server =>
    {
        Peer peer = server.Connect();
        List<BackgroundWork> callers = [.. EveryModel.Names.Where(EveryModel.ServesAll).Select(name => BackgroundWork.Start(() => SwitchTo(name)))];
        foreach (BackgroundWork caller in callers)
            caller.Wait();

        peer.Exchange(1_000);
        server.Switch("blocking");
        IReadOnlyList<SwitchReport> switches = server.Host.Switches;
        Assert.Equal("blocking", switches[^1].To);
        string serving = "blocking";
        foreach (SwitchReport report in switches)
        {
            Assert.Equal(serving, report.From);
            serving = report.To;
        }

        void SwitchTo(string name)
        {
            for (int i = 0; i < 5; i++)
                server.Host.Switch(EveryModel.Find(name));
        }
    });

    [Fact]
    public void Makes_a_switch_that_is_requested_while_the_previous_model_comes_back()
    {
        using ManualResetEventSlim isBack = new();
        int runs = 0;
        ModelRow steady = FakeModel.Row("steady", (sockets, stop) =>
        {
            sockets.SetBlocking(false);
            if (++runs == 2)
            {
                isBack.Set();
                stop.WaitHandle.WaitOne(); // it has not started yet
            }

            sockets.ReportStarted();
            stop.WaitHandle.WaitOne();
        });

        TestServer.Run(steady, new ServerOptions(), server =>
        {
            BackgroundWork refused = BackgroundWork.Start(() => server.Host.Switch(FakeModel.ThrowsBeforeStart("bad")));
            Assert.True(isBack.Wait(Limit.Generous), "the previous model comes back");
            Assert.Throws<SwitchRefusedException>(refused.Wait);

            Assert.Equal("poll", server.Switch(Poll).To);
            Assert.Equal(["poll"], server.Host.Switches.Select(report => report.To));
            Assert.Equal(2, runs);
            server.Connect().Exchange(100);
            Assert.False(server.Host.Ended.IsCompleted, "the host has ended");
        });
    }

    [Fact]
    public void Refuses_a_switch_when_it_has_stopped() => TestServer.Run("epoll", server =>
    {
        server.Stop(TimeSpan.Zero);

        Assert.Throws<SwitchRefusedException>(() => server.Switch(Poll));
    });

    [Fact]
    public void Refuses_a_switch_in_progress_when_it_stops()
    {
        using ManualResetEventSlim mayEnd = new();
        ModelRow reluctant = FakeModel.Row("reluctant", (sockets, _) =>
        {
            sockets.ReportStarted();
            mayEnd.Wait(CancellationToken.None);
        });

        TestServer.Run(reluctant, new ServerOptions(), server =>
        {
            BackgroundWork switching = BackgroundWork.Start(() => server.Host.Switch(Poll));
            Limit.Until(() => switching.IsWaiting, "the switch waits for the model");
            BackgroundWork stopping = BackgroundWork.Start(() => server.Stop(TimeSpan.Zero));
            Limit.Until(() => stopping.IsWaiting, "the stop waits for the model");
            mayEnd.Set();

            Assert.Throws<SwitchRefusedException>(switching.Wait);
            stopping.Wait();
            Assert.Same(reluctant, server.Host.Serving);
        });
    }

    /// <summary>Otherwise a switch would be reported after the report that there will be no more.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Refuses_a_switch_whose_model_has_not_started_when_it_stops(bool fails) => TestServer.Run("epoll", server =>
    {
        using ManualResetEventSlim begun = new();
        using ManualResetEventSlim mayStart = new();
        ModelRow slow = FakeModel.Row("slow", (sockets, stop) =>
        {
            begun.Set();
            mayStart.Wait(CancellationToken.None);
            if (fails)
                throw new IOException("slow cannot start");

            FakeModel.HoldSockets(sockets, stop);
        });
        BackgroundWork switching = BackgroundWork.Start(() => server.Host.Switch(slow));
        Assert.True(begun.Wait(Limit.Generous), "the model does not begin");
        BackgroundWork stopping = BackgroundWork.Start(() => server.Stop(TimeSpan.Zero));
        Limit.Until(() => stopping.IsWaiting, "the stop waits for the model");
        mayStart.Set();

        Assert.Equal("the server is stopping", Assert.Throws<SwitchRefusedException>(switching.Wait).Message);
        stopping.Wait();
        Assert.Empty(server.Published<Switched>());
        Assert.Empty(server.Published<ModelFailed>());
    });
}
