using System.Collections.Concurrent;
using System.Net;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Selectors;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>How a test wants its server.</summary>
internal sealed record ServerOptions
{
    public int Ports { get; init; } = 1;

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The size of the kernel's queues on the server's side, in bytes; 0 leaves them to the kernel, which gives megabytes.</summary>
    public int Queue { get; init; }

    public ISocketIo Io { get; init; } = SocketIo.ForThisSystem;

    public SelectorRow? Selector { get; init; }
}

/// <summary>A host with a set of sockets on free loopback ports, its events written down, and its clients.</summary>
internal sealed class TestServer
{
    private readonly List<Peer> _peers = [];
    private bool _stopped;

    private TestServer(ModelRow first, ServerOptions wish)
    {
        List<Listener> listeners = [];
        for (int i = 0; i < wish.Ports; i++)
            listeners.Add(Listener.Open(new IPEndPoint(wish.Address, 0), backlog: 4096));

        foreach (Listener listener in listeners.Where(_ => wish.Queue > 0))
            (listener.Socket.SendBufferSize, listener.Socket.ReceiveBufferSize) = (wish.Queue, wish.Queue); // inherited when accepted

        EndPoints = [.. listeners.Select(listener => listener.EndPoint)];
        Sockets = new SocketSet(listeners, wish.Io);
        Sockets.Accepted += Accepted.Enqueue;
        Sockets.Closed += (connection, reason) => Closed.Enqueue((connection, reason));
        ModelContext context = new(CallCounters);
        context.Selectors.Forced = wish.Selector;
        Host = new EchoHost(Sockets, context, first);
    }

    public int Seed { get; } = Seeds.Take();

    public EchoHost Host { get; }

    public CallCounters CallCounters { get; } = new();

    public SocketSet Sockets { get; }

    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    public ConcurrentQueue<Connection> Accepted { get; } = [];

    public ConcurrentQueue<(Connection Connection, CloseReason Reason)> Closed { get; } = [];

    public IEnumerable<CloseReason> Reasons => Closed.Select(closed => closed.Reason);

    /// <summary>Serves by a model of the table while the test runs; demands afterwards that it leaves nothing behind.</summary>
    public static void Run(string model, Action<TestServer> test) => Run(EveryModel.Find(model), new ServerOptions(), test);

    public static void Run(string model, ServerOptions wish, Action<TestServer> test) => Run(EveryModel.Find(model), wish, test);

    public static void Run(ModelRow first, ServerOptions wish, Action<TestServer> test) => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        TestServer server = new(first, wish);
        try
        {
            server.Host.Start();
            test(server);
        }
        finally
        {
            server.Clean();
        }

        before.AssertNothingIsLeft();
        server.AssertEachConnectionCameAndWentOnce();
    });

    /// <summary>A client whose ledger is its own.</summary>
    /// <param name="port">Which of the ports, from 0.</param>
    /// <param name="queue">The size of its kernel queues, in bytes; 0 leaves them to the kernel.</param>
    public Peer Connect(int port = 0, int queue = 0)
    {
        Peer peer = new(EndPoints[port], Seed, _peers.Count, queue);
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Waits until so many connections are open.</summary>
    public void AwaitOpen(int count) => Limit.Until(() => Sockets.Count == count, $"{count} connections open");

    /// <summary>Waits until so many connections have been taken out of the backlog.</summary>
    public void AwaitAccepted(int count) => Limit.Until(() => Accepted.Count >= count, $"{count} connections accepted");

    public void AwaitClosed(int count) => Limit.Until(() => Closed.Count >= count, $"{count} connections closed");

    public SwitchReport Switch(string model) => Switch(EveryModel.Find(model));

    public SwitchReport Switch(ModelRow model)
    {
        SwitchReport? report = null;
        Limit.Run(Limit.Generous, $"the switch to {model.Name}", () => report = Host.Switch(model));
        return report!;
    }

    public void Stop(TimeSpan drain, CancellationToken atOnce = default)
    {
        _stopped = true;
        Limit.Run(drain + Limit.Generous, "the stop", () => Host.Stop(drain, atOnce));
    }

    private void Clean()
    {
        foreach (Peer peer in _peers)
            peer.Dispose();

        if (!_stopped)
            Stop(TimeSpan.FromSeconds(1));

        Host.Dispose();
    }

    private void AssertEachConnectionCameAndWentOnce()
    {
        HashSet<Connection> accepted = [.. Accepted];
        HashSet<Connection> closed = [.. Closed.Select(one => one.Connection)];
        Assert.Equal(Accepted.Count, accepted.Count);
        Assert.Equal(Closed.Count, closed.Count);
        Assert.True(accepted.SetEquals(closed), $"{accepted.Count} were accepted, {closed.Count} closed");
    }
}
