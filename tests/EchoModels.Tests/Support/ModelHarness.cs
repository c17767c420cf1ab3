using System.Collections.Concurrent;
using System.Net;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>Runs models on one set of sockets, one after the other and without a host, to see in what state each leaves the set.</summary>
internal sealed class ModelHarness : IDisposable
{
    private readonly List<Peer> _peers = [];
    private readonly HostServices _services;
    private readonly Subscription _subscription;
    private CancellationTokenSource? _stop;
    private Thread? _thread;
    private Exception? _failure;

    private ModelHarness(Func<IKernel, IKernel>? wrap)
    {
        _services = new HostServices([new IPEndPoint(IPAddress.Loopback, 0)], backlog: 4096, wrapKernel: wrap);
        Listener listener = Sockets.Listeners[0];
        TestKernel.SetQueues(listener.Socket, 8 * 1024);
        EndPoint = listener.EndPoint;
        _subscription = _services.Events.Subscribe("harness", OnEvent);
    }

    public SocketSet Sockets => _services.Sockets;

    public HostServices Services => _services;

    public IPEndPoint EndPoint { get; }

    /// <summary>Why each connection was closed, in order.</summary>
    public ConcurrentQueue<CloseReason> Reasons { get; } = [];

    /// <summary>Runs a test with a new set, and fails if descriptors or threads of it are left.</summary>
    public static void Run(Action<ModelHarness> test, Func<IKernel, IKernel>? wrap = null) => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        using (ModelHarness harness = new(wrap))
            test(harness);

        before.AssertNothingIsLeft();
    });

    public Peer Connect(int seed, int connection, int queue = 0)
    {
        Peer peer = new(EndPoint, seed, connection, queue);
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Waits until every client's connection has been accepted and closed.</summary>
    public void AwaitAllClosed() => Limit.Until(() => Reasons.Count == _peers.Count, $"{_peers.Count} connections closed");

    /// <summary>Runs a model whose stop has been requested before it begins; returns when the model does.</summary>
    public void RunStopped(string model)
    {
        Limit.Run(Limit.Generous, $"{model}, which is to stop at once,", () => Serve(model, new CancellationToken(canceled: true)));
        ThrowFailure();
    }

    /// <summary>Starts a model; returns when it serves every socket of the set.</summary>
    public void Start(string model)
    {
        using ManualResetEventSlim started = new();
        Action onStarted = started.Set;
        Sockets.Started += onStarted;
        _stop = new CancellationTokenSource();
        CancellationToken stop = _stop.Token;
        _thread = new Thread(() => Serve(model, stop)) { IsBackground = true, Name = "harness" };
        _thread.Start();
        Limit.Until(() => started.IsSet || _failure is not null, $"{model} has started");
        Sockets.Started -= onStarted;
        ThrowFailure();
    }

    /// <summary>Requests the model's stop, and waits until it has returned.</summary>
    public void Stop()
    {
        if (_thread is null)
            return;

        _stop!.Cancel();
        if (!_thread.Join(Limit.Generous))
            throw new TimeoutException("the model does not stop");

        _thread = null;
        _stop.Dispose();
        ThrowFailure();
    }

    public void Dispose()
    {
        foreach (Peer peer in _peers)
            peer.Dispose();

        Stop();
        Sockets.Dispose();
        _services.Children.Dispose();
        _subscription.Dispose();
    }

    private void OnEvent(ServerEvent happened)
    {
        if (happened is ConnectionClosed closed)
            Reasons.Enqueue(closed.Reason);
    }

    private void Serve(string model, CancellationToken stop)
    {
        try
        {
            ModelRow row = EveryModel.Find(model);
            using IKernel kernel = _services.Kernels.Open(row, observer: null);
            Sockets.Kernel = kernel;
            row.Create(_services.ContextFor(new ModelOptions())).Serve(Sockets, stop);
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
        finally
        {
            Sockets.Kernel = _services.Kernels.System;
        }
    }

    private void ThrowFailure()
    {
        if (_failure is { } failure)
            throw new InvalidOperationException($"the model failed: {failure.Message}", failure);
    }
}
