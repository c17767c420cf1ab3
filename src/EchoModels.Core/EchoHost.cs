using System.Diagnostics;
using EchoModels.Models;
using EchoModels.Sockets;

namespace EchoModels;

/// <summary>Lends a set of sockets to one model after the other: starts, switches, rolls back, and says goodbye.</summary>
/// <remarks>
/// One thread runs the models, each in its turn. <see cref="Switch"/> and <see cref="Stop"/> may be called from any thread; they
/// are served one after the other. The events are raised on the models' thread.
/// </remarks>
public sealed class EchoHost : IDisposable
{
    /// <summary>So many failures in a row, without a model that served for a while or was told to stop, and the host gives up.</summary>
    private const int Patience = 3;

    private static readonly TimeSpan AWhile = TimeSpan.FromSeconds(1);

    private readonly SocketSet _sockets;
    private readonly ModelContext _context;
    private readonly Lock _gate = new();
    private readonly Lock _switching = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private CancellationTokenSource _stop = new();
    private Handover? _handover;
    private ModelRow _serving;
    private ModelRow? _before;
    private long _takenOverAt;
    private int _failures;
    private bool _stopping;
    private bool _givenUp;

    public EchoHost(SocketSet sockets, ModelContext context, ModelRow first)
    {
        _sockets = sockets;
        _context = context;
        _serving = first;
        _sockets.TakenOver += OnTakenOver;
        _thread = new Thread(Run) { Name = "models", IsBackground = true };
    }

    /// <summary>A switch was made.</summary>
    public event Action<SwitchReport>? Switched;

    /// <summary>A model failed or could not start; the report says which one serves instead.</summary>
    public event Action<ModelFailure>? Failed;

    /// <summary>The model that serves, or is just taking over.</summary>
    public ModelRow Serving => Volatile.Read(ref _serving);

    /// <summary>Completes when the host has been stopped; fails with the last model's error when none is left to serve.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts the first model, and returns when it serves.</summary>
    /// <exception cref="SwitchRefusedException">It could not start.</exception>
    public void Start()
    {
        Handover first = new(_serving, _serving);
        _handover = first;
        _thread.Start();
        first.Wait();
    }

    /// <summary>Hands every socket to another model, and returns when that one serves.</summary>
    /// <exception cref="SwitchRefusedException">The server is stopping; or the model cannot start here, and the one before serves on.</exception>
    public SwitchReport Switch(ModelRow to)
    {
        lock (_switching)
        {
            Handover handover;
            lock (_gate)
            {
                if (_stopping)
                    throw new SwitchRefusedException("the server is stopping");
                if (_givenUp)
                    throw new SwitchRefusedException("no model serves any more");
                if (to == _serving)
                    return new SwitchReport(to.Name, to.Name, 0, _sockets.Count);

                handover = new Handover(_serving, to);
                _handover = handover;
                _stop.Cancel();
            }

            return handover.Wait();
        }
    }

    /// <summary>Stops accepting, gives what is owed time to go out, and closes everything.</summary>
    /// <param name="limit">How long what is owed may take.</param>
    /// <param name="atOnce">Ends the goodbye early.</param>
    public void Stop(TimeSpan limit, CancellationToken atOnce)
    {
        lock (_gate)
        {
            _stopping = true;
            _stop.Cancel();
        }

        _thread.Join();
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(atOnce);
        deadline.CancelAfter(limit);
        try
        {
            _sockets.Children.EndInput(); // they finish while the others do
            new DrainServer(() => _context.Selectors.Open("epoll")).Serve(_sockets, deadline.Token);
            _sockets.Children.WaitUntilGone(deadline.Token);
        }
        finally
        {
            _sockets.Dispose();
        }
    }

    public void Dispose() => _stop.Dispose();

    private void Run()
    {
        Exception? last = null;
        ModelRow? next = Serving;
        while (next is not null)
        {
            try
            {
                Serve(next);
                next = Next();
                last = null;
            }
            catch (Exception failure)
            {
                last = failure;
                next = RollBack(Serving, failure);
            }
        }

        if (last is null)
            _ended.SetResult();
        else
            _ended.SetException(last);
    }

    private void Serve(ModelRow row)
    {
        CancellationToken stop;
        lock (_gate)
        {
            if (_stopping)
                return;

            if (_stop.IsCancellationRequested)
            {
                _stop.Dispose();
                _stop = new CancellationTokenSource();
            }

            stop = _stop.Token;
            row = _handover?.To ?? row; // somebody may have asked for another one meanwhile
            Volatile.Write(ref _serving, row);
        }

        _context.Selectors.Current = null;
        _takenOverAt = 0;
        row.Create(_context).Serve(_sockets, stop);
        if (!stop.IsCancellationRequested)
            throw new InvalidOperationException($"the model {row.Name} returned without being told to stop");

        _before = row;
        _failures = 0;
    }

    /// <summary>The model to serve now that the one before has let go; null if the host is to end.</summary>
    private ModelRow? Next()
    {
        lock (_gate)
        {
            if (!_stopping)
                return _handover?.To;

            _handover?.Fail(new SwitchRefusedException("the server is stopping"));
            _handover = null;
            return null;
        }
    }

    private ModelRow? RollBack(ModelRow failed, Exception failure)
    {
        bool servedAWhile = _takenOverAt != 0 && Stopwatch.GetElapsedTime(_takenOverAt) > AWhile;
        _failures = servedAWhile ? 1 : _failures + 1;

        ModelRow? back;
        lock (_gate)
        {
            // A first model that cannot start has none before it; one that served before it failed may do so again.
            back = _before ?? (_takenOverAt != 0 ? failed : failed.Fallback is { } other ? ModelTable.Find(other) : null);
            back = _failures > Patience ? null : back;
            _givenUp = back is null;
            Volatile.Write(ref _serving, back ?? failed);
            if (_handover is { IsFirst: true } && back is not null)
            {
                _handover.To = back;
            }
            else
            {
                _handover?.Fail(new SwitchRefusedException($"{failed.Name} could not start: {failure.Message}", failure));
                _handover = null;
            }

            if (_stopping)
                return null;
        }

        Failed?.Invoke(new ModelFailure(failed.Name, failure, back?.Name) { HadServed = _takenOverAt != 0 });
        return back;
    }

    private void OnTakenOver()
    {
        _takenOverAt = Stopwatch.GetTimestamp();
        SwitchReport? report = null;
        lock (_gate)
        {
            if (_handover is { } handover)
            {
                report = handover.Succeed(_sockets.Count);
                _handover = null;
            }
        }

        if (report is not null && report.From != report.To)
            Switched?.Invoke(report);
    }

    /// <summary>A switch under way, and whoever waits for its outcome.</summary>
    private sealed class Handover(ModelRow from, ModelRow to)
    {
        private readonly long _begun = Stopwatch.GetTimestamp();
        private readonly TaskCompletionSource<SwitchReport> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether it is the server's start, and no switch.</summary>
        public bool IsFirst { get; } = from == to;

        public ModelRow To { get; set; } = to;

        public SwitchReport Wait() => _outcome.Task.GetAwaiter().GetResult();

        public void Fail(SwitchRefusedException reason) => _outcome.TrySetException(reason);

        public SwitchReport Succeed(int connections)
        {
            SwitchReport report = new(IsFirst ? To.Name : from.Name, To.Name, Stopwatch.GetElapsedTime(_begun).TotalMilliseconds, connections);
            _outcome.TrySetResult(report);
            return report;
        }
    }
}
