using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels;

/// <summary>Lends a set of sockets to one model after the other: starts, switches, rolls back, stops.</summary>
/// <remarks>
/// One thread runs the models, each in its turn. <see cref="Switch"/>, <see cref="Observe"/> and <see cref="Stop"/> may be called from any
/// other thread; they are served one after the other. What happens is published outside every lock, before the caller gets its answer.
/// </remarks>
public sealed partial class EchoHost : IDisposable
{
    private readonly SocketSet _sockets;
    private readonly HostServices _services;
    private readonly Lender _lender;
    private readonly RollbackPolicy _policy = new();
    private readonly SwitchHistory _history = new();
    private readonly Lock _gate = new();
    private readonly Lock _switching = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private CancellationTokenSource _stop = new();
    private SwitchRequest? _request;
    private Lending _serving;
    private CallTotals _totalsAtSwitch = CallTotals.None;
    private bool _started;
    private bool _stopping;
    private bool _gaveUp;

    /// <param name="sockets">What is lent.</param>
    /// <param name="services">What models and host need besides.</param>
    /// <param name="first">The model to begin with.</param>
    /// <param name="options">The value of every option.</param>
    public EchoHost(SocketSet sockets, HostServices services, ModelRow first, ModelOptions? options = null)
    {
        _sockets = sockets;
        _services = services;
        _lender = new Lender(sockets, services);
        _serving = new Lending(first, options ?? new ModelOptions(), null);
        _sockets.Started += OnStarted;
        _thread = new Thread(Run) { Name = "models", IsBackground = true };
    }

    /// <summary>The model that serves, or is just starting.</summary>
    public ModelRow Serving => Volatile.Read(ref _serving).Model;

    /// <summary>The value of every option; the model uses those that it has.</summary>
    public ModelOptions Options => Volatile.Read(ref _serving).Options;

    /// <summary>The calls since the model that serves began to take over.</summary>
    public CallTotals TotalsSinceSwitch => _services.Counters.Read().Since(Volatile.Read(ref _totalsAtSwitch));

    /// <summary>How long ago that was.</summary>
    public TimeSpan SinceSwitch => _history.SinceLast;

    /// <summary>The switches that were made, the last thousand, the latest last.</summary>
    public IReadOnlyList<SwitchReport> Switches => _history.Reports;

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
            if (OperatingSystem.IsLinux() && !NativeThread.AreSpare)
                throw new SwitchRefusedException("the system gives too few threads; allow it more (ulimit -u, or pids.max of the control group)");

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

    /// <summary>Lends every socket to another model, or to the same one with other options, and returns when that one serves.</summary>
    /// <param name="to">The model.</param>
    /// <param name="changes">New values of options; those that are not named keep theirs, also where the model does not have them.</param>
    /// <exception cref="SwitchRefusedException">The server is stopping; or the model cannot start here, and the one before serves on.</exception>
    /// <exception cref="InvalidOperationException">The host has not been started, or this is the models' thread.</exception>
    public SwitchReport Switch(ModelRow to, OptionChanges? changes = null) =>
        Lend(serving => serving with { Model = to, Options = (changes ?? OptionChanges.None).Apply(serving.Options) });

    /// <summary>Lends every socket to the same model with another observer of its calls; null for the counters alone.</summary>
    /// <exception cref="SwitchRefusedException">The server is stopping.</exception>
    /// <exception cref="InvalidOperationException">The host has not been started, or this is the models' thread.</exception>
    public void Observe(ICallObserver? observer) => Lend(serving => serving with { Observer = observer });

    /// <summary>Stops accepting, gives unsent bytes time to go out, and closes everything.</summary>
    /// <param name="limit">How long unsent bytes may take.</param>
    /// <param name="atOnce">Ends it early.</param>
    /// <param name="cause">What asked for it, as the name of a signal; it is published.</param>
    /// <exception cref="InvalidOperationException">This is the models' thread.</exception>
    /// <returns>The connections that were closed with unsent bytes, as the time was up.</returns>
    public CutOff Stop(TimeSpan limit, CancellationToken atOnce, string? cause = null)
    {
        RefuseModelsThread();
        lock (_gate)
        {
            _stopping = true;
            _stop.Cancel();
        }

        if (_started)
            _thread.Join();
        else
            _ended.TrySetResult();

        _services.Events.Publish(new Draining(limit, cause)); // after the last switch, which the models' thread tells

        CutOff cutOff = GracefulShutdown.Run(_sockets, _services.Children, limit, atOnce);
        _services.Events.Publish(new Stopped());
        return cutOff;
    }

    /// <summary>Without a stop before it, there is no graceful shutdown; but no model is left with the sockets.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            _stop.Cancel();
        }

        if (_started)
            _thread.Join();

        _stop.Dispose();
    }

    private SwitchReport Lend(Func<Lending, Lending> change)
    {
        RefuseModelsThread();
        lock (_switching)
        {
            Lending now = Volatile.Read(ref _serving);
            Lending next = change(now);
            if (!next.IsLike(now))
                _lender.Prepare(next);

            SwitchRequest request;
            lock (_gate)
            {
                if (_stopping)
                    throw IsStopping;
                if (!_started)
                    throw new InvalidOperationException("the host has not been started");
                if (_gaveUp)
                    throw new SwitchRefusedException("no model serves any more");

                Lending from = _serving;
                Lending to = change(from);
                if (to.IsLike(from))
                {
                    Volatile.Write(ref _serving, to); // an option of another model may have changed
                    return SwitchReport.Of(from, to, 0, _sockets.Count);
                }

                request = new SwitchRequest(from, to);
                _request = request;
                _stop.Cancel();
            }

            return request.Wait();
        }
    }

    private void RefuseModelsThread()
    {
        if (Thread.CurrentThread == _thread)
            throw new InvalidOperationException("the models' thread cannot wait for itself: switch, stop and dispose from another one");
    }
}
