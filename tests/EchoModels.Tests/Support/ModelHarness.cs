using System.Collections.Concurrent;
using System.Net;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>A set of sockets lent to models one by one, without a host: to see in what state each gives it back.</summary>
internal sealed class ModelHarness : IDisposable
{
    private readonly List<Peer> _peers = [];
    private CancellationTokenSource? _stop;
    private Thread? _thread;
    private Exception? _failure;

    private ModelHarness(ISocketIo io)
    {
        Listener listener = Listener.Open(new IPEndPoint(IPAddress.Loopback, 0), backlog: 4096);
        (listener.Socket.SendBufferSize, listener.Socket.ReceiveBufferSize) = (8 * 1024, 8 * 1024);
        EndPoint = listener.EndPoint;
        Sockets = new SocketSet([listener], io);
        Sockets.Closed += (_, reason) => Reasons.Enqueue(reason);
    }

    public SocketSet Sockets { get; }

    public IPEndPoint EndPoint { get; }

    /// <summary>Why each connection was closed, in the order in which they were.</summary>
    public ConcurrentQueue<CloseReason> Reasons { get; } = [];

    /// <summary>Runs a test with a fresh set; demands that nothing of it is left.</summary>
    public static void Run(ISocketIo io, Action<ModelHarness> test) => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        using (ModelHarness loan = new(io))
            test(loan);

        before.AssertNothingIsLeft();
    });

    public Peer Connect(int seed, int connection, int queue = 0)
    {
        Peer peer = new(EndPoint, seed, connection, queue);
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Waits until every client that has connected has been accepted and closed.</summary>
    public void AwaitAllClosed() => Limit.Until(() => Reasons.Count == _peers.Count, $"{_peers.Count} connections closed");

    /// <summary>Lends the set to a model that has been told to stop already; returns when it has.</summary>
    public void LendStopped(string model)
    {
        Limit.Run(Limit.Generous, $"{model}, which has been told to stop,", () => Serve(model, new CancellationToken(canceled: true)));
        ThrowFailure();
    }

    /// <summary>Lends the set to a model; returns when that has adopted it.</summary>
    public void LendTo(string model)
    {
        using ManualResetEventSlim adopted = new();
        Action onAdopted = adopted.Set;
        Sockets.Started += onAdopted;
        _stop = new CancellationTokenSource();
        CancellationToken stop = _stop.Token;
        _thread = new Thread(() => Serve(model, stop)) { IsBackground = true, Name = "loan" };
        _thread.Start();
        Limit.Until(() => adopted.IsSet || _failure is not null, $"{model} has adopted the sockets");
        Sockets.Started -= onAdopted;
        ThrowFailure();
    }

    /// <summary>Tells the model to stop, and waits until it has returned.</summary>
    public void TakeBack()
    {
        if (_thread is null)
            return;

        _stop!.Cancel();
        if (!_thread.Join(Limit.Generous))
            throw new TimeoutException("the model does not let go of the sockets");

        _thread = null;
        _stop.Dispose();
        ThrowFailure();
    }

    public void Dispose()
    {
        foreach (Peer peer in _peers)
            peer.Dispose();

        TakeBack();
        Sockets.Dispose();
    }

    private void Serve(string model, CancellationToken stop)
    {
        try
        {
            EveryModel.Find(model).Create(new ModelContext(new CallCounters())).Serve(Sockets, stop);
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
    }

    private void ThrowFailure()
    {
        if (_failure is { } failure)
            throw new InvalidOperationException($"the model failed: {failure.Message}", failure);
    }
}
