using System.Net;
using EchoModels.Connections;
using static EchoModels.Tests.Simulation.SimulationException;

namespace EchoModels.Tests.Simulation;

/// <summary>One run: clients by the seed, a set of sockets on a simulated kernel, and models that borrow the set in turn.</summary>
internal sealed class SimulatedRun : IDisposable
{
    /// <summary>So many calls in a row that move nothing while nothing is under way are a deadlock of a model that never sleeps.</summary>
    private const int MaxIdleCalls = 2_000;

    /// <summary>So many calls are more than any run needs.</summary>
    private const int MaxCalls = 200_000;

    /// <summary>So many calls may follow when the model has been told to stop.</summary>
    private const int MaxCallsAfterStop = 5_000;

    /// <summary>A back-off begins when the clock is read, which is so many microseconds after the refusal at the latest.</summary>
    private const int LongestReading = 50_000;

    private readonly SimulatedNetwork _network;
    private readonly SimulatedKernel _kernel;
    private readonly CallLog _calls;
    private readonly HostServices _services;
    private readonly List<SimulatedClient> _clients = [];
    private CancellationTokenSource _stop = new();
    private long? _stopAtCall;
    private bool _isStopPlanned;
    private int _started;
    private long _moved;
    private long _lastMove;

    public SimulatedRun(int seed)
    {
        _network = new SimulatedNetwork(seed);
        _calls = new CallLog(_network.Time);
        _kernel = new SimulatedKernel(_network, _calls);
        _services = new HostServices(EndPoints(_network.Chance.Between(1, 2)), backlog: 64, wrapKernel: _ => _kernel);
        Sockets.Started += () => _started++;
        _kernel.Called += OnCall;

        SimulatedListener[] listeners = [.. _kernel.Listeners];
        int clients = _network.Chance.Scaled(1, 16);
        for (int i = 0; i < clients; i++)
            _clients.Add(new SimulatedClient(_network, _network.Chance.Pick(listeners), i, StopIfOver));
    }

    /// <summary>How many faults there have been of each kind.</summary>
    public IReadOnlyList<int> Faults => _network.Faults.Counts;

    /// <summary>Depends on every call: equal for two runs of one seed.</summary>
    public long Digest => _calls.Digest;

    private SocketSet Sockets => _services.Sockets;

    /// <summary>Lends the set to a model until every client has left.</summary>
    public void Serve(ModelRow model)
    {
        Lend(model, stopAfterCalls: null);
        AssertAllIsSettled();
    }

    /// <summary>Lends the set to one model after the other in the midst of the traffic, and to the last one until every client has left.</summary>
    /// <param name="first">The model that begins.</param>
    /// <param name="models">Those of which one follows by chance.</param>
    public void ServeInTurn(ModelRow first, ReadOnlySpan<ModelRow> models)
    {
        int lendings = _network.Chance.Between(2, 8);
        for (int i = 0; i < lendings; i++)
        {
            Lend(i == 0 ? first : _network.Chance.Pick(models), stopAfterCalls: _network.Chance.Scaled(1, 600) - 1);
            _network.Time.AdvanceTo(_network.Time.Now + _network.Chance.Pick(0, 100, 5_000)); // nothing serves meanwhile
        }

        Serve(_network.Chance.Pick(models));
    }

    public override string ToString() =>
        string.Join('\n', _clients.Select(client => $"  {client}").Concat(["the last calls:"]).Concat(_calls.Lines));

    public void Dispose()
    {
        _stop.Dispose();
        _kernel.Dispose();
    }

    private static IEnumerable<IPEndPoint> EndPoints(int count) =>
        Enumerable.Range(1, count).Select(port => new IPEndPoint(IPAddress.Loopback, port));

    /// <param name="model">The model that gets the set.</param>
    /// <param name="stopAfterCalls">When it is told to stop, if not before by the clock; null for not until every client has left.</param>
    private void Lend(ModelRow model, int? stopAfterCalls)
    {
        _stop.Dispose();
        (_stop, _stopAtCall, _isStopPlanned, _started) = (new CancellationTokenSource(), _calls.Count + stopAfterCalls, false, 0);
        if (stopAfterCalls == 0)
            _stop.Cancel();
        else if (stopAfterCalls is not null && _network.Chance.OneIn(2))
            StopAfter(_network.Chance.Scaled(1, 20_000)); // most likely while it sleeps

        Sockets.Kernel = _kernel;
        model.Create(_services.ContextFor(new ModelOptions())).Serve(Sockets, _stop.Token);
        AssertGivenBack(model);
    }

    private void StopAfter(int delay)
    {
        CancellationTokenSource stop = _stop;
        _isStopPlanned = true;
        _network.Time.After(delay, () => Stop(stop));
    }

    /// <summary>Tells the model to stop, if it is still the one that serves.</summary>
    private void Stop(CancellationTokenSource stop)
    {
        if (stop != _stop || stop.IsCancellationRequested)
            return;

        _stopAtCall = _calls.Count;
        stop.Cancel();
    }

    private void OnCall()
    {
        if (_calls.Count == _stopAtCall)
            Stop(_stop);

        StopIfOver();
        DetectDeadlock();
        bool isLate = _stop.IsCancellationRequested && _calls.Count > _stopAtCall + MaxCallsAfterStop;
        Demand(!isLate, "the model has been told to stop, and goes on");
    }

    /// <summary>When every client has left and every connection is closed, there is nothing more to serve.</summary>
    private void StopIfOver()
    {
        bool isOver = !_isStopPlanned && _clients.TrueForAll(client => client.IsDone)
            && !_kernel.Connections.Any() && _kernel.Listeners.All(listener => listener.BacklogLength == 0);
        if (isOver)
            StopAfter(_network.Chance.Between(0, 1_000));
    }

    private void DetectDeadlock()
    {
        long moved = _kernel.Progress + _network.Time.Happened;
        if (moved != _moved)
            (_moved, _lastMove) = (moved, _calls.Count);
        else
            Demand(_calls.Count < _lastMove + MaxIdleCalls, "deadlock: calls without end, and nothing moves");

        Demand(_calls.Count < MaxCalls, "calls without end");
    }

    /// <summary>What a model owes when it returns: every live socket is in the set, and every unsent byte in its connection.</summary>
    private void AssertGivenBack(ModelRow model)
    {
        Demand(_started == 1, $"{model} has told {_started} times that it serves");
        Demand(_kernel.OpenSelectors == 0, $"{model} has not disposed of its selector");
        Dictionary<int, SimulatedConnection> open = _kernel.Connections.ToDictionary(connection => connection.Number);
        int live = open.Count;
        foreach (Connection connection in Sockets)
        {
            int unsent = connection.Unsent.Length;
            bool isOpen = open.Remove(connection.Socket.Number, out SimulatedConnection? file);
            Demand(isOpen, $"{model} has left a closed connection in the set");
            Demand(file!.Held == unsent, $"{model} holds {file.Held} bytes of {file}, and gives back {unsent}");
            Demand(unsent <= Connection.BufferSize, $"{model} gives back {unsent} unsent bytes of {file}");
        }

        foreach ((Listener listener, SimulatedListener file) in Sockets.Listeners.Zip(_kernel.Listeners))
            Demand(!listener.IsBackingOff || file.SinceBackoff < LongestReading, $"{model} lets {listener.EndPoint} back off for no reason");

        Demand(open.Count == 0, $"{model} has not given back {open.Count} live sockets");
        Demand(Sockets.Count == live, $"{model} gives back {Sockets.Count} connections, but {live} are open");
    }

    /// <summary>Every client has checked its bytes; here the sockets must balance too.</summary>
    private void AssertAllIsSettled()
    {
        Demand(_clients.TrueForAll(client => client.IsDone), "a client has not left");
        Demand(Sockets.Count == 0, $"{Sockets.Count} connections are left in the set");
        Demand(Sockets.AcceptedCount == _kernel.Accepted, $"{Sockets.AcceptedCount} accepted connections are counted, not {_kernel.Accepted}");
        Demand(Sockets.ClosedCount == _kernel.Accepted, $"{Sockets.ClosedCount} closed connections are counted, not {_kernel.Accepted}");
        Sockets.Dispose();
        Demand(!_kernel.Listeners.Any() && !_kernel.Connections.Any(), "a socket is left open");
    }
}
