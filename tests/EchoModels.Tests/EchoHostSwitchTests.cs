using System.Collections.Concurrent;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

/// <summary>How the host switches.</summary>
public sealed class EchoHostSwitchTests
{
    private static readonly ModelRow Poll = EveryModel.Find("poll");

    [Fact]
    public void Reports_a_switch_to_its_caller_and_to_whoever_listens() => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<SwitchReport> heard = [];
        server.Host.Switched += heard.Enqueue;
        Peer peer = server.Connect();
        peer.Exchange(10);

        SwitchReport report = server.Switch(Poll);

        Assert.Equal(("epoll", "poll", 1), (report.From, report.To, report.Connections));
        Assert.True(report.PauseMs >= 0);
        Assert.Same(Poll, server.Host.Serving);
        Assert.Same(report, Assert.Single(heard));
        peer.Exchange(10);
    });

    [Fact]
    public void Tells_whoever_listens_before_it_answers() => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<string> heard = [];
        server.Host.Switched += report => Remember(report.To);
        server.Host.Failed += failure => Remember(failure.Model);

        server.Switch(Poll);
        Assert.Equal(["poll"], heard);
        Assert.Throws<SwitchRefusedException>(() => server.Switch(FakeModel.ThatCannotBeMade("bad")));
        Assert.Equal(["poll", "bad"], heard);

        void Remember(string name)
        {
            Thread.Sleep(100); // he takes his time
            heard.Enqueue(name);
        }
    });

    /// <summary>It would wait for the thread that it is on.</summary>
    [Fact]
    public void Refuses_to_switch_or_stop_on_the_models_own_thread() => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<Exception?> refusals = [];
        server.Host.Switched += _ => Try();
        server.Host.Failed += _ => Try();
        Peer peer = server.Connect();

        server.Switch(Poll);
        peer.Exchange(10);
        Assert.Throws<SwitchRefusedException>(() => server.Switch(FakeModel.ThatCannotBeMade("bad")));
        peer.Exchange(10);

        Assert.Equal(4, refusals.Count);
        Assert.All(refusals, refusal => Assert.Contains("thread", Assert.IsType<InvalidOperationException>(refusal).Message, StringComparison.Ordinal));

        void Try()
        {
            refusals.Enqueue(Record.Exception(() => server.Host.Switch(Poll)));
            refusals.Enqueue(Record.Exception(() => server.Host.Stop(TimeSpan.Zero, CancellationToken.None)));
        }
    });

    [Fact]
    public void Lets_another_thread_switch_when_it_is_told_of_a_switch() => TestServer.Run("epoll", server =>
    {
        BackgroundWork? back = null;
        server.Host.Switched += report => back = report.To == "poll" ? BackgroundWork.Begin(() => server.Switch("epoll")) : back;
        server.Switch(Poll);

        back!.Done();
        Assert.Equal("epoll", server.Host.Serving.Name);
    });

    [Fact]
    public void Changes_nothing_when_the_model_serves_already() => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<SwitchReport> heard = [];
        server.Host.Switched += heard.Enqueue;
        SwitchReport report = server.Switch("epoll");

        Assert.Equal(("epoll", "epoll"), (report.From, report.To));
        server.Switch(Poll);
        Assert.Equal("poll", Assert.Single(heard).To);
    });

    [Fact]
    public void Makes_switches_that_are_asked_for_at_once_one_after_the_other() => TestServer.Run("blocking", server =>
    {
        ConcurrentQueue<SwitchReport> heard = [];
        server.Host.Switched += heard.Enqueue;
        Peer peer = server.Connect();
        List<BackgroundWork> callers = [.. EveryModel.Names.Where(EveryModel.ServesAll).Select(name => BackgroundWork.Begin(() => Ask(name)))];
        foreach (BackgroundWork caller in callers)
            caller.Done();

        peer.Exchange(1_000);
        server.Switch("blocking");
        Assert.Equal("blocking", heard.Last().To);
        string serving = "blocking";
        foreach (SwitchReport report in heard)
        {
            Assert.Equal(serving, report.From);
            serving = report.To;
        }

        void Ask(string name)
        {
            for (int i = 0; i < 5; i++)
                server.Host.Switch(EveryModel.Find(name));
        }
    });

    [Fact]
    public void Makes_a_switch_that_is_asked_for_while_the_model_before_comes_back()
    {
        using ManualResetEventSlim isBack = new();
        int turns = 0;
        ModelRow steady = FakeModel.Row("steady", (sockets, stop) =>
        {
            sockets.SetBlocking(false);
            if (++turns == 2)
            {
                isBack.Set();
                stop.WaitHandle.WaitOne(); // it is not done with adopting yet
            }

            sockets.ReportStarted();
            stop.WaitHandle.WaitOne();
        });

        TestServer.Run(steady, new ServerOptions(), server =>
        {
            ConcurrentQueue<SwitchReport> heard = [];
            server.Host.Switched += heard.Enqueue;
            BackgroundWork refused = BackgroundWork.Begin(() => server.Host.Switch(FakeModel.ThatThrowsBeforeAdopting("bad")));
            Assert.True(isBack.Wait(Limit.Generous), "the model before comes back");
            Assert.Throws<SwitchRefusedException>(refused.Done);

            Assert.Equal("poll", server.Switch(Poll).To);
            Assert.Equal(["poll"], heard.Select(report => report.To));
            Assert.Equal(2, turns);
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
    public void Refuses_a_switch_under_way_when_it_is_told_to_stop()
    {
        using ManualResetEventSlim letGo = new();
        ModelRow reluctant = FakeModel.Row("reluctant", (sockets, _) =>
        {
            sockets.ReportStarted();
            letGo.Wait(CancellationToken.None);
        });

        TestServer.Run(reluctant, new ServerOptions(), server =>
        {
            BackgroundWork asks = BackgroundWork.Begin(() => server.Host.Switch(Poll));
            Limit.Until(() => asks.IsAsleep, "the switch waits for the model to let go");
            BackgroundWork stops = BackgroundWork.Begin(() => server.Stop(TimeSpan.Zero));
            Limit.Until(() => stops.IsAsleep, "the stop waits for the model to let go");
            letGo.Set();

            Assert.Throws<SwitchRefusedException>(asks.Done);
            stops.Done();
            Assert.Same(reluctant, server.Host.Serving);
        });
    }

    /// <summary>Or else it would be told of a switch after it has been told that there will be none.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Refuses_a_switch_whose_model_has_not_taken_over_when_it_is_told_to_stop(bool fails) => TestServer.Run("epoll", server =>
    {
        using ManualResetEventSlim begun = new();
        using ManualResetEventSlim goOn = new();
        ModelRow slow = FakeModel.Row("slow", (sockets, stop) =>
        {
            begun.Set();
            goOn.Wait(CancellationToken.None);
            if (fails)
                throw new IOException("slow cannot start");

            FakeModel.ServeNobody(sockets, stop);
        });
        ConcurrentQueue<string> heard = [];
        server.Host.Switched += report => heard.Enqueue(report.To);
        server.Host.Failed += failure => heard.Enqueue(failure.Model);

        BackgroundWork asks = BackgroundWork.Begin(() => server.Host.Switch(slow));
        Assert.True(begun.Wait(Limit.Generous), "the model does not begin");
        BackgroundWork stops = BackgroundWork.Begin(() => server.Stop(TimeSpan.Zero));
        Limit.Until(() => stops.IsAsleep, "the stop waits for the model to let go");
        goOn.Set();

        Assert.Equal("the server is stopping", Assert.Throws<SwitchRefusedException>(asks.Done).Message);
        stops.Done();
        Assert.Empty(heard);
    });
}
