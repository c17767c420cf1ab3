using System.Collections.Concurrent;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

/// <summary>What the host does when a model cannot start, or fails.</summary>
public sealed class EchoHostFailureTests
{
    private static readonly ModelRow Epoll = EveryModel.Find("epoll");
    private static readonly ModelRow Poll = EveryModel.Find("poll");

    public static TheoryData<string> CannotStart => ["cannot be made", "throws before"];

    [Theory]
    [MemberData(nameof(CannotStart))]
    public void Goes_back_to_the_model_before_when_one_cannot_start(string how) => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<ModelFailure> failures = [];
        ConcurrentQueue<SwitchReport> switches = [];
        server.Host.Failed += failures.Enqueue;
        server.Host.Switched += switches.Enqueue;
        Peer peer = server.Connect();
        peer.Exchange(10);

        SwitchRefusedException refusal = Assert.Throws<SwitchRefusedException>(() => server.Switch(Bad(how)));

        Assert.Contains($"bad {how}", refusal.Message, StringComparison.Ordinal);
        peer.Exchange(1_000);
        Limit.Until(() => server.Host.Serving == Epoll, "epoll serves again");
        ModelFailure failure = Assert.Single(failures);
        Assert.Equal(("bad", "epoll"), (failure.Model, failure.BackTo));
        Assert.IsType<IOException>(failure.Error);
        Assert.Empty(switches);
        Assert.Empty(server.Closed);
        Assert.Equal("epoll", server.Switch(Poll).From);
    });

    [Fact]
    public void Goes_back_to_the_model_before_when_one_fails_later() => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<ModelFailure> failures = [];
        server.Host.Failed += failures.Enqueue;
        Peer peer = server.Connect();
        peer.Exchange(10);

        Assert.Equal("bad", server.Switch(Bad("throws after")).To);

        peer.Exchange(1_000);
        Limit.Until(() => server.Host.Serving == Epoll, "epoll serves again");
        ModelFailure failure = Assert.Single(failures);
        Assert.Equal(("bad", "epoll"), (failure.Model, failure.BackTo));
        Assert.Empty(server.Closed);
    });

    [Theory]
    [MemberData(nameof(CannotStart))]
    public void Does_not_start_when_the_first_model_cannot(string how)
    {
        IReadOnlyList<Listener> none = [];
        using SocketSet sockets = new(none, SocketIo.ForThisSystem);
        using EchoHost host = new(sockets, new ModelContext(new CallCounters()), Bad(how));

        Limit.Run(Limit.Generous, "the start", () => Assert.Throws<SwitchRefusedException>(host.Start));
        AssertEndsWith($"bad {how}", host);
    }

    [Fact]
    public void Gives_up_when_a_model_fails_again_and_again_and_none_is_left() =>
        TestServer.Run(Bad("throws after"), new ServerOptions(), server => AssertEndsWith("bad throws after", server.Host));

    [Fact]
    public void Tells_that_none_serves_any_more_when_it_gives_up()
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
            ConcurrentQueue<ModelFailure> failures = [];
            server.Host.Failed += failures.Enqueue;
            begin.Set();
            AssertEndsWith("doomed", server.Host);

            Assert.InRange(failures.Count, 2, 10);
            Assert.Null(failures.Last().BackTo);
            Assert.All(failures.SkipLast(1), failure => Assert.Equal("doomed", failure.BackTo));
        });
    }

    [Theory]
    [MemberData(nameof(CannotStart))]
    public void Serves_on_however_many_switches_had_to_be_refused(string how) => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 8; i++)
        {
            Assert.Throws<SwitchRefusedException>(() => server.Switch(Bad(how)));
            peer.Exchange(10); // by the model before, which has not failed
        }

        Assert.False(server.Host.Ended.IsCompleted);
    });

    [Fact]
    public void Serves_on_however_many_others_failed_after_a_switch() => TestServer.Run("epoll", server =>
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
    public void Refuses_the_same_switch_when_it_is_asked_for_again_at_once() => TestServer.Run("epoll", server =>
    {
        server.Host.Failed += _ => Thread.Sleep(100); // somebody who listens takes his time
        ModelRow bad = Bad("cannot be made");
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
    public void Takes_a_model_that_returns_of_its_own_accord_for_one_that_fails() => TestServer.Run("epoll", server =>
    {
        ConcurrentQueue<ModelFailure> failures = [];
        server.Host.Failed += failures.Enqueue;
        server.Switch(FakeModel.Row("bored", (sockets, _) => sockets.ReportStarted()));

        Peer peer = server.Connect();
        peer.Exchange(1_000);
        Assert.NotEmpty(failures);
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
        "cannot be made" => FakeModel.ThatCannotBeMade("bad"),
        "throws before" => FakeModel.ThatThrowsBeforeAdopting("bad"),
        "throws after" => FakeModel.ThatThrowsAfterAdopting("bad"),
        _ => throw new ArgumentOutOfRangeException(nameof(how), how, "no way to fail"),
    };
}
