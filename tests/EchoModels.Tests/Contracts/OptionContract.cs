using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>The same model serves again with other options, or with another observer: a switch like any other.</summary>
[Slow]
public sealed class OptionContract
{
    private const int SmallQueue = 8 * 1024;

    /// <summary>Two sets of options for one model.</summary>
    private static readonly (string Model, OptionChanges From, OptionChanges To)[] Sets =
    [
        ("epoll", new() { EdgeTriggered = false }, new() { EdgeTriggered = true }),
        ("epoll", new() { Loops = 1 }, new() { Loops = 4 }),
        ("epoll", new() { EdgeTriggered = true, Loops = 2 }, new() { EdgeTriggered = true, Loops = 3 }),
        ("epoll", new() { Selector = "auto" }, new() { Selector = "poll" }),
        ("epoll", new() { Spin = TimeSpan.Zero }, new() { Spin = TimeSpan.FromMicroseconds(50) }),
        ("poll", new() { Loops = 2 }, new() { Loops = 1, Spin = TimeSpan.FromMicroseconds(20) }),
        ("select", new() { Loops = 1 }, new() { Loops = 2 }),
        ("select-fdset", new() { Spin = TimeSpan.Zero }, new() { Spin = TimeSpan.FromMicroseconds(50) }),
        ("io-uring", new() { Loops = 1 }, new() { Loops = 3 }),
        ("io-uring", new() { Spin = TimeSpan.Zero }, new() { Spin = TimeSpan.FromMicroseconds(50) }),
        ("thread-pool", new() { Workers = 30 }, new() { Workers = 50 }),
    ];

    public static TheoryData<int> Pairs => [.. Enumerable.Range(0, Sets.Length)];

    public static TheoryData<string> Available => EveryModel.Available;

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Keeps_every_byte_between_two_sets_of_options(int pair)
    {
        (string name, OptionChanges from, OptionChanges to) = Sets[pair];
        ModelRow model = ModelTable.Find(name)!;
        TestServer.Run(model, new ServerOptions { Queue = SmallQueue }, server =>
        {
            server.Switch(model, from);
            using Clients clients = Traffic(server);
            for (int i = 0; i < 10; i++)
            {
                Thread.Sleep(5);
                SwitchReport report = server.Switch(model, i % 2 == 0 ? to : from);
                Assert.Equal((name, name), (report.From, report.To));
                Assert.NotEqual(report.FromOptions, report.ToOptions);
                Assert.True(report.PauseMs > 0);
            }

            Finish(clients, server);
        });
    }

    /// <summary>With an observer of each call, and without it again: no byte is lost, and no call is reported twice.</summary>
    [Theory]
    [MemberData(nameof(Available))]
    public void Keeps_every_byte_when_an_observer_is_added_and_removed(string name) => TestServer.Run(name, new ServerOptions { Queue = SmallQueue }, server =>
    {
        Recorder recorder = new();
        using Clients clients = Traffic(server);
        for (int i = 0; i < 6; i++)
        {
            Thread.Sleep(5);
            server.Host.Observe(i % 2 == 0 ? recorder : null);
        }

        if (!EveryModel.ServesAll(name))
            server.Switch("epoll");

        Finish(clients, server);
        Assert.DoesNotContain(server.Published<Switched>(), switched => switched.From == switched.To);
        Assert.True(recorder.Ended > 0, "no call was reported to the observer");
        Assert.InRange(recorder.Began, recorder.EndedOnce, recorder.EndedOnce + recorder.Asynchronous);
    });

    [Fact]
    public void Keeps_the_value_of_an_option_for_every_model_that_has_it() => TestServer.Run("epoll", server =>
    {
        server.Switch(ModelTable.Find("epoll")!, new OptionChanges { Workers = 7, Loops = 2 });
        Assert.Equal("7 workers", server.Switch("thread-pool").ToOptions);
        Assert.Equal("2 loops", server.Switch("poll").ToOptions);
        Assert.Equal("", server.Switch("threads").ToOptions);
        Assert.Equal("level-triggered, 2 loops", server.Switch("epoll").ToOptions);
        Assert.Equal("level-triggered", server.Switch(ModelTable.Find("epoll")!, new OptionChanges { Loops = 1 }).ToOptions);
        Assert.Equal("7 workers", server.Switch("thread-pool").ToOptions);
    });

    [Fact]
    public void Restores_the_options_after_a_switch_that_failed() => TestServer.Run("epoll", server =>
    {
        Assert.Throws<SwitchRefusedException>(() => server.Switch(FakeModel.CannotBeCreated("bad"), new OptionChanges { Loops = 5 }));
        Limit.Until(() => server.Host.Serving.Name == "epoll", "epoll serves again");
        Assert.Equal(1, server.Host.Options.Loops);
    });

    [Fact]
    public void Changes_nothing_when_only_options_of_other_models_are_named() => TestServer.Run("threads", server =>
    {
        SwitchReport report = server.Switch(ModelTable.Find("threads")!, new OptionChanges { Loops = 5 });

        Assert.Equal(("threads", "threads", 0), (report.From, report.To, report.PauseMs));
        Assert.Empty(server.Host.Switches);
        Assert.Equal("5 loops", server.Switch("poll").ToOptions);
    });

    /// <summary>The counters since the switch begin at zero with the switch, and a change of the observer does not reset them.</summary>
    [Fact]
    public void Counts_since_the_switch_and_since_the_start() => TestServer.Run("poll", server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 10; i++)
            peer.Exchange(10);

        server.Switch("threads");
        for (int i = 0; i < 5; i++)
            peer.Exchange(10);

        server.Host.Observe(new Recorder());
        for (int i = 0; i < 5; i++)
            peer.Exchange(10);

        Limit.Until(() => server.Totals[Counter.Message] == 20, "all are counted");
        Assert.Equal((10, 0, 100), (server.Host.TotalsSinceSwitch[Counter.Message], server.Host.TotalsSinceSwitch[Counter.Wait], server.Host.TotalsSinceSwitch[Counter.ByteIn]));
        peer.Close();
    });

    private static Clients Traffic(TestServer server)
    {
        Clients clients = new(server.Seed);
        for (int i = 0; i < 4; i++)
        {
            clients.Add(new ActiveClient(server.Connect()));
            clients.Add(new SlowReader(server.Connect(queue: SmallQueue)));
            clients.Add(new NonReader(server.Connect(queue: SmallQueue)));
            clients.Add(new HalfCloser(server.Connect(queue: SmallQueue), bytes: 20_000));
        }

        return clients;
    }

    private static void Finish(Clients clients, TestServer server)
    {
        clients.Finish();
        server.AwaitClosed(clients.Count);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
    }

    /// <summary>Counts the calls that are reported to it.</summary>
    private sealed class Recorder : ICallObserver
    {
        private int _began;
        private int _ended;
        private int _asynchronous;
        private int _endedAsynchronous;

        public int Began => _began;

        public int Ended => _ended;

        /// <summary>Calls that have begun and complete later, some of them several times.</summary>
        public int Asynchronous => _asynchronous;

        /// <summary>Calls that have ended, without those that complete later.</summary>
        public int EndedOnce => _ended - _endedAsynchronous;

        void ICallObserver.Began(in Call call)
        {
            Interlocked.Increment(ref _began);
            if (IsAsynchronous(call))
                Interlocked.Increment(ref _asynchronous);
        }

        void ICallObserver.Ended(in Call call, long result, int errno)
        {
            Interlocked.Increment(ref _ended);
            if (IsAsynchronous(call))
                Interlocked.Increment(ref _endedAsynchronous);
        }

        public void ThreadEnded()
        {
        }

        private static bool IsAsynchronous(in Call call) => call.Kind is >= SystemCall.UringAccept and <= SystemCall.SendAsync;
    }
}
