using EchoModels.Connections;

namespace EchoModels;

/// <summary>Lends a set of sockets to one model after the other: starts, switches, rolls back, and says goodbye.</summary>
/// <remarks>
/// One thread runs the models, each in its turn. <see cref="Switch"/> and <see cref="Stop"/> may be called from any other thread;
/// they are served one after the other. <see cref="Switched"/> and <see cref="Failed"/> are raised on the models' thread, before
/// whoever asked for the switch is answered, and none of them after <see cref="Stopping"/>. Who handles them must not wait for one
/// of those two calls.
/// </remarks>
public sealed class EchoHost : IDisposable
{
    private readonly SocketSet _sockets;
    private readonly ModelContext _context;
    private readonly RollbackPolicy _rule = new();
    private readonly Lock _gate = new();
    private readonly Lock _switching = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private CancellationTokenSource _stop = new();
    private SwitchRequest? _request;
    private ModelRow _serving;
    private bool _started;
    private bool _stopping;
    private bool _givenUp;

    public EchoHost(SocketSet sockets, ModelContext context, ModelRow first)
    {
        _sockets = sockets;
        _context = context;
        _serving = first;
        _sockets.Started += OnStarted;
        _thread = new Thread(Run) { Name = "models", IsBackground = true };
    }

    /// <summary>A switch was made.</summary>
    public event Action<SwitchReport>? Switched;

    /// <summary>A model failed or could not start; the report says which one serves instead.</summary>
    public event Action<ModelFailure>? Failed;

    /// <summary>From now on every switch is refused, also one that is under way. Raised on the thread that stops.</summary>
    public event Action? Stopping;

    /// <summary>The model that serves, or is just taking over.</summary>
    public ModelRow Serving => Volatile.Read(ref _serving);

    /// <summary>Completes when the host has been stopped; fails with the last model's error when none is left to serve.</summary>
    public Task Ended => _ended.Task;

    private static SwitchRefusedException IsStopping => new("the server is stopping");

    /// <summary>Starts the first model, and returns when it serves.</summary>
    /// <exception cref="SwitchRefusedException">It could not start.</exception>
    /// <exception cref="InvalidOperationException">The host has been started before, or stopped.</exception>
    public void Start()
    {
        lock (_switching)
        {
            SwitchRequest first = new(_serving, _serving);
            lock (_gate)
            {
                if (_started || _stopping)
                    throw new InvalidOperationException($"the host has been {(_stopping ? "stopped" : "started")} already");

                _thread.Start();
                _started = true;
                _request = first;
            }

            first.Wait();
        }
    }

    /// <summary>Hands every socket to another model, and returns when that one serves.</summary>
    /// <exception cref="SwitchRefusedException">The server is stopping; or the model cannot start here, and the one before serves on.</exception>
    /// <exception cref="InvalidOperationException">The host has not been started, or this is the models' thread.</exception>
    public SwitchReport Switch(ModelRow to)
    {
        RefuseModelsThread();
        lock (_switching)
        {
            SwitchRequest handover;
            lock (_gate)
            {
                if (_stopping)
                    throw IsStopping;
                if (!_started)
                    throw new InvalidOperationException("the host has not been started");
                if (_givenUp)
                    throw new SwitchRefusedException("no model serves any more");
                if (to == _serving)
                    return new SwitchReport(to.Name, to.Name, 0, _sockets.Count);

                handover = new SwitchRequest(_serving, to);
                _request = handover;
                _stop.Cancel();
            }

            return handover.Wait();
        }
    }

    /// <summary>Stops accepting, gives what is owed time to go out, and closes everything.</summary>
    /// <param name="limit">How long what is owed may take.</param>
    /// <param name="atOnce">Ends the goodbye early.</param>
    /// <exception cref="InvalidOperationException">This is the models' thread.</exception>
    public void Stop(TimeSpan limit, CancellationToken atOnce)
    {
        RefuseModelsThread();
        lock (_gate)
        {
            _stopping = true;
            _stop.Cancel();
        }

        Stopping?.Invoke();
        if (_started)
            _thread.Join();
        else
            _ended.TrySetResult();

        GracefulShutdown.Say(_sockets, _context.Selectors.OpenAny, limit, atOnce);
    }

    /// <summary>Whoever has not stopped it leaves without a goodbye; but no model is left with the sockets.</summary>
    /// <exception cref="InvalidOperationException">This is the models' thread.</exception>
    public void Dispose()
    {
        RefuseModelsThread();
        lock (_gate)
        {
            if (!_stopping)
                _stop.Cancel();

            _stopping = true;
        }

        if (_started)
            _thread.Join();

        _stop.Dispose();
    }

    private void RefuseModelsThread()
    {
        if (Thread.CurrentThread == _thread)
            throw new InvalidOperationException("the models' thread cannot wait for itself: switch, stop and dispose from another one");
    }

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
            row = _request?.To ?? row; // somebody may have asked for another one meanwhile
            Volatile.Write(ref _serving, row);
        }

        _context.Selectors.Current = null;
        _rule.Begins();
        row.Create(_context).Serve(_sockets, stop);
        if (!stop.IsCancellationRequested)
            throw new InvalidOperationException($"the model {row.Name} returned without being told to stop");

        _rule.LetsGo(row);
    }

    /// <summary>The model to serve now that the one before has let go; null if the host is to end.</summary>
    private ModelRow? Next()
    {
        lock (_gate)
        {
            if (!_stopping)
                return _request?.To;

            _request?.Fail(IsStopping);
            return null;
        }
    }

    /// <summary>The model to serve now that one has failed; null if the host is to end.</summary>
    private ModelRow? RollBack(ModelRow failed, Exception failure)
    {
        lock (_gate)
        {
            ModelRow? back = _rule.After(failed);
            _givenUp = back is null;
            Volatile.Write(ref _serving, back ?? failed);
            SwitchRequest? refused = _request?.GoesOnWith(back) == true ? null : Interlocked.Exchange(ref _request, null);
            if (!_stopping)
                Failed?.Invoke(new ModelFailure(failed.Name, failure, back?.Name) { HadServed = _rule.HasStarted });

            refused?.Fail(_stopping ? IsStopping : new SwitchRefusedException($"{failed.Name} could not start: {failure.Message}", failure));
            return _stopping ? null : back;
        }
    }

    private void OnStarted()
    {
        _rule.TakesOver();
        lock (_gate)
        {
            // Nobody waits; or he waits for another, asked for since this one began, whose turn comes next; or he is refused then.
            if (_request is not { } handover || handover.To != _serving || _stopping)
                return;

            _request = null;
            SwitchReport report = handover.Report(_sockets.Count);
            try
            {
                if (report.From != report.To)
                    Switched?.Invoke(report);
            }
            finally
            {
                handover.Succeed(report);
            }
        }
    }
}
