using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

/// <summary>What the host does when a model cannot start, or fails.</summary>
public sealed class EchoHostFailureTests
{
    private static readonly ModelRow Epoll = EveryModel.Find("epoll");
    private static readonly ModelRow Poll = EveryModel.Find("poll");

    public static TheoryData<string> CannotStart => ["cannot be created", "throws before"];

    [Theory]
    [MemberData(nameof(CannotStart))]
    public void Goes_back_to_the_previous_model_when_the_next_one_cannot_start(string how) => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);

        SwitchRefusedException refusal = Assert.Throws<SwitchRefusedException>(() => server.Switch(Bad(how)));

        Assert.Contains($"bad {how}", refusal.Message, StringComparison.Ordinal);
        peer.Exchange(1_000);
        Limit.Until(() => server.Host.Serving == Epoll, "epoll serves again");
        ModelFailed failure = Assert.Single(server.Published<ModelFailed>());
        Assert.Equal(("bad", $"bad {how}", false, "epoll"), (failure.Model, failure.Error, failure.HadServed, failure.BackTo));
        Assert.Empty(server.Published<Switched>());
        Assert.Empty(server.Closed);
        Assert.Equal("epoll", server.Switch(Poll).From);
    });

    [Fact]
    public void Goes_back_to_the_previous_model_when_the_next_one_fails_later() => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);

        Assert.Equal("bad", server.Switch(Bad("throws after")).To);

        peer.Exchange(1_000);
        Limit.Until(() => server.Host.Serving == Epoll, "epoll serves again");
        ModelFailed failure = Assert.Single(server.Published<ModelFailed>());
        Assert.Equal(("bad", true, "epoll"), (failure.Model, failure.HadServed, failure.BackTo));
        Assert.Empty(server.Closed);
    });

    [Theory]
    [MemberData(nameof(CannotStart))]
    public void Does_not_start_when_the_first_model_cannot(string how)
    {
        HostServices services = new([], backlog: 1);
        using EchoHost host = new(services.Sockets, services, Bad(how));

        Limit.Run(Limit.Generous, "the start", () => Assert.Throws<SwitchRefusedException>(host.Start));
        AssertEndsWith($"bad {how}", host);
    }

    [Fact]
    public void Gives_up_when_a_model_fails_repeatedly_and_none_is_left() =>
        TestServer.Run(Bad("throws after"), new ServerOptions(), server => AssertEndsWith("bad throws after", server.Host));

    [Fact]
    public void Reports_that_no_model_serves_when_it_gives_up()
    {
        using ManualResetEventSlim begin = new();
        ModelRow doomed = FakeModel.Row("doomed", (sockets, _) =>
        {
            sockets.ReportStarted();
            begin.Wait(CancellationToken.None);
            throw new IOException("doomed");
        });

        TestServer.Run(doomed, new ServerOptions(), server =>
        {
            begin.Set();
            AssertEndsWith("doomed", server.Host);

            IReadOnlyList<ModelFailed> failures = server.Published<ModelFailed>();
            Assert.InRange(failures.Count, 2, 10);
            Assert.Null(failures[^1].BackTo);
            Assert.All(failures.SkipLast(1), failure => Assert.Equal("doomed", failure.BackTo));
        });
    }

    [Theory]
    [MemberData(nameof(CannotStart))]
    public void Continues_to_serve_after_any_number_of_refused_switches(string how) => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 8; i++)
        {
            Assert.Throws<SwitchRefusedException>(() => server.Switch(Bad(how)));
            peer.Exchange(10); // with the previous model, which has not failed
        }

        Assert.False(server.Host.Ended.IsCompleted);
    });

    [Fact]
    public void Continues_to_serve_after_any_number_of_models_that_fail_after_a_switch() => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 8; i++)
        {
            server.Switch(Bad("throws after"));
            peer.Exchange(10);
            Limit.Until(() => server.Host.Serving == Epoll, "epoll serves again");
        }

        Assert.False(server.Host.Ended.IsCompleted);
    });

    [Fact]
    public void Refuses_the_same_switch_again_when_it_is_requested_at_once() => TestServer.Run("epoll", server =>
    {
        using Subscription slow = server.Services.Events.Subscribe("slow", _ => Thread.Sleep(100));
        ModelRow bad = Bad("cannot be created");
        for (int i = 0; i < 2; i++)
            Assert.Throws<SwitchRefusedException>(() => server.Switch(bad));
    });

    [Fact]
    public void Refuses_a_switch_when_it_has_given_up() => TestServer.Run(Bad("throws after"), new ServerOptions(), server =>
    {
        AssertEndsWith("bad throws after", server.Host);

        Assert.Throws<SwitchRefusedException>(() => server.Switch(Poll));
    });

    [Fact]
    public void Treats_a_model_that_returns_without_being_stopped_as_one_that_fails() => TestServer.Run("epoll", server =>
    {
        server.Switch(FakeModel.Row("returns", (sockets, _) => sockets.ReportStarted()));

        Peer peer = server.Connect();
        peer.Exchange(1_000);
        Assert.NotEmpty(server.Published<ModelFailed>());
        Limit.Until(() => server.Host.Serving == Epoll, "epoll serves again");
    });

    private static void AssertEndsWith(string message, EchoHost host)
    {
        Limit.Until(() => host.Ended.IsCompleted, "the host has ended");
        Assert.IsType<IOException>(host.Ended.Exception?.InnerException);
        Assert.Contains(message, host.Ended.Exception.InnerException.Message, StringComparison.Ordinal);
    }

    private static ModelRow Bad(string how) => how switch
    {
        "cannot be created" => FakeModel.CannotBeCreated("bad"),
        "throws before" => FakeModel.ThrowsBeforeStart("bad"),
        "throws after" => FakeModel.ThrowsAfterStart("bad"),
        _ => throw new ArgumentOutOfRangeException(nameof(how), how, "no such failure"),
    };
}
