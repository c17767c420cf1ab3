using System.Collections.Concurrent;
using System.Net;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>The settings of a test's server.</summary>
internal sealed record ServerOptions
{
    public int Ports { get; init; } = 1;

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The size of the kernel's queues on the server's side, in bytes; 0 for the kernel's default, which is megabytes.</summary>
    public int Queue { get; init; }

    /// <summary>Puts a double between the models and their kernels.</summary>
    public Func<IKernel, IKernel>? Wrap { get; init; }

    public SelectorRow? Selector { get; init; }

    public EchoPolicy Policy { get; init; } = new();
}

/// <summary>A host with a set of sockets on free loopback ports, a record of its events, and its clients.</summary>
internal sealed class TestServer
{
    private readonly List<Peer> _peers = [];
    private readonly Subscription _subscription;
    private bool _stopped;

    private TestServer(ModelRow first, ServerOptions options)
    {
        Services = new HostServices(
            Enumerable.Range(0, options.Ports).Select(_ => new IPEndPoint(options.Address, 0)), 4096, options.Policy, wrapKernel: options.Wrap);
        foreach (Listener listener in Sockets.Listeners.Where(_ => options.Queue > 0))
            TestKernel.SetQueues(listener.Socket, options.Queue); // inherited when accepted

        EndPoints = [.. Sockets.Listeners.Select(listener => listener.EndPoint)];
        _subscription = Services.Events.Subscribe("test", Events.Enqueue, capacity: 1_000_000);
        Host = new EchoHost(Sockets, Services, first, new ModelOptions { Selector = options.Selector });
    }

    public int Seed { get; } = Seeds.Take();

    public HostServices Services { get; }

    public EchoHost Host { get; }

    /// <summary>The calls counted until now.</summary>
    public CallTotals Totals => Services.Counters.Read();

    public SocketSet Sockets => Services.Sockets;

    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>All that has happened, in order.</summary>
    public ConcurrentQueue<ServerEvent> Events { get; } = [];

    public IReadOnlyList<ConnectionAccepted> Accepted => [.. Events.OfType<ConnectionAccepted>()];

    public IReadOnlyList<ConnectionClosed> Closed => [.. Events.OfType<ConnectionClosed>()];

    public IEnumerable<CloseReason> Reasons => Closed.Select(closed => closed.Reason);

    /// <summary>The only connection of the set.</summary>
    public Connection Single
    {
        get
        {
            Assert.Equal(1, Sockets.Count);
            Connection? single = null;
            foreach (Connection connection in Sockets)
                single = connection;

            return single!;
        }
    }

    /// <summary>Serves with a model of the table while the test runs; fails if descriptors or threads are left afterwards.</summary>
    public static void Run(string model, Action<TestServer> test) => Run(EveryModel.Find(model), new ServerOptions(), test);

    public static void Run(string model, ServerOptions options, Action<TestServer> test) => Run(EveryModel.Find(model), options, test);

    public static void Run(ModelRow first, ServerOptions options, Action<TestServer> test) => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        TestServer server = new(first, options);
        try
        {
            server.Host.Start();
            test(server);
        }
        finally
        {
            server.CleanUp();
        }

        before.AssertNothingIsLeft();
        server.AssertEachConnectionWasAcceptedAndClosedOnce();
    });

    /// <summary>A client with a stream of its own.</summary>
    /// <param name="port">Which of the ports, from 0.</param>
    /// <param name="queue">The size of its kernel queues, in bytes; 0 for the kernel's default.</param>
    public Peer Connect(int port = 0, int queue = 0)
    {
        Peer peer = new(EndPoints[port], Seed, _peers.Count, queue);
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Waits until so many connections are open.</summary>
    public void AwaitOpen(int count) => Limit.Until(() => Sockets.Count == count, $"{count} connections open");

    /// <summary>Waits until so many connections have been accepted.</summary>
    public void AwaitAccepted(int count) => Limit.Until(() => Accepted.Count >= count, $"{count} connections accepted");

    public void AwaitClosed(int count) => Limit.Until(() => Closed.Count >= count, $"{count} connections closed");

    /// <summary>The events of one kind that have been published until now.</summary>
    public IReadOnlyList<T> Published<T>() where T : ServerEvent
    {
        Marker marker = new();
        Services.Events.Publish(marker);
        Limit.Until(() => Events.Contains(marker), "all events have arrived");
        return [.. Events.OfType<T>()];
    }

    /// <summary>Waits until an event of this kind has been published.</summary>
    public T Await<T>() where T : ServerEvent
    {
        Limit.Until(() => Events.OfType<T>().Any(), $"an event {typeof(T).Name}");
        return Events.OfType<T>().Last();
    }

    public SwitchReport Switch(string model) => Switch(EveryModel.Find(model));

    public SwitchReport Switch(ModelRow model, OptionChanges? changes = null)
    {
        SwitchReport? report = null;
        Limit.Run(Limit.Generous, $"the switch to {model.Name}", () => report = Host.Switch(model, changes));
        return report!;
    }

    public void Stop(TimeSpan drain, CancellationToken atOnce = default)
    {
        _stopped = true;
        Limit.Run(Limit.Generous + (drain > TimeSpan.Zero ? drain : TimeSpan.Zero), "the stop", () => Host.Stop(drain, atOnce));
        Await<Stopped>();
    }

    private void CleanUp()
    {
        foreach (Peer peer in _peers)
            peer.Dispose();

        if (!_stopped)
            Stop(TimeSpan.FromSeconds(1));

        Host.Dispose();
        _subscription.Dispose();
    }

    /// <summary>Equal to no other: what was published before it has arrived when it has.</summary>
    private sealed record Marker : ServerEvent
    {
        public Guid Id { get; } = Guid.NewGuid();
    }

    private void AssertEachConnectionWasAcceptedAndClosedOnce()
    {
        Assert.Equal(Accepted.Count, Accepted.DistinctBy(accepted => accepted.Token).Count());
        Assert.Equal(Closed.Count, Closed.DistinctBy(closed => closed.Token).Count());
        Assert.Equal(Accepted.Select(accepted => accepted.Token).ToHashSet(), Closed.Select(closed => closed.Token).ToHashSet());
        Assert.Equal((0L, 0L), (_subscription.Dropped, _subscription.Failures));
        Assert.Equal((Accepted.Count, Closed.Count), (Sockets.AcceptedCount, Sockets.ClosedCount));
    }
}
