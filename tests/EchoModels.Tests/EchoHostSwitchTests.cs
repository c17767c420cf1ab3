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
        Limit.Until(() => !heard.IsEmpty, "the event is raised");
        Assert.Same(report, Assert.Single(heard));
        peer.Exchange(10);
    });

    [Fact]
    public void Changes_nothing_when_the_model_serves_already() => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<SwitchReport> heard = [];
        server.Host.Switched += heard.Enqueue;
        SwitchReport report = server.Switch("epoll");

        Assert.Equal(("epoll", "epoll"), (report.From, report.To));
        server.Switch(Poll);
        Limit.Until(() => !heard.IsEmpty, "the event of the second switch is raised");
        Assert.Equal("poll", Assert.Single(heard).To);
    });

    [Fact]
    public void Makes_switches_that_are_asked_for_at_once_one_after_the_other() => TestServer.Run("blocking", server =>
    {
        ConcurrentQueue<SwitchReport> heard = [];
        server.Host.Switched += heard.Enqueue;
        Peer peer = server.Connect();
        List<Errand> callers = [.. EveryModel.Names.Where(EveryModel.ServesAll).Select(name => Errand.Begin(() => Ask(name)))];
        foreach (Errand caller in callers)
            caller.Done();

        peer.Exchange(1_000);
        server.Switch("blocking");
        Limit.Until(() => heard.Last().To == "blocking", "the event of the last switch is raised");
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
            sockets.Adopted();
            letGo.Wait(CancellationToken.None);
        });

        TestServer.Run(reluctant, new Wish(), server =>
        {
            Errand asks = Errand.Begin(() => server.Host.Switch(Poll));
            Limit.Until(() => asks.IsAsleep, "the switch waits for the model to let go");
            Errand stops = Errand.Begin(() => server.Stop(TimeSpan.Zero));
            Limit.Until(() => stops.IsAsleep, "the stop waits for the model to let go");
            letGo.Set();

            Assert.Throws<SwitchRefusedException>(asks.Done);
            stops.Done();
            Assert.Same(reluctant, server.Host.Serving);
        });
    }
}
