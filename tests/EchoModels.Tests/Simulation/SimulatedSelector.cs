using System.Runtime.InteropServices;
using EchoModels.Kernel;
using static EchoModels.Tests.Simulation.SimulationException;

namespace EchoModels.Tests.Simulation;

/// <summary>What both simulated selectors do alike: they keep the interests, and sleep until an event of the network makes a socket ready.</summary>
internal abstract class SimulatedSelector(SimulatedKernel kernel, SimulatedNetwork network) : ISelector
{
    /// <summary>So many waits in a row that do not sleep, and after which no call moves anything, are a loop that spins.</summary>
    private const int MaxNeedlessWaits = 100;

    private readonly Dictionary<SimulatedFile, Interest> _watched = [];
    private readonly List<ReadyEvent> _ready = [];
    private long _progress;
    private int _needlessWaits;
    private bool _isWoken;
    private bool _isDisposed;

    /// <summary>Its own descriptor.</summary>
    public SimulatedFile File { get; } = new();

    protected IReadOnlyDictionary<SimulatedFile, Interest> Watched => _watched;

    protected SimulatedNetwork Network => network;

    /// <summary>Whether a socket that is ready already when it is added is reported for that.</summary>
    protected virtual bool TellsWhatIsThere => true;

    public void Add(SocketHandle socket, Interest interest)
    {
        SimulatedFile file = kernel.Control(socket);
        Demand(file.Watcher is null, $"{file} is added, but it is watched already");
        file.Watcher = this;
        _watched.Add(file, interest);
        if (TellsWhatIsThere)
            Changed(file, file.Poll());
    }

    public void Modify(SocketHandle socket, Interest interest)
    {
        SimulatedFile file = kernel.Control(socket);
        Demand(file.Watcher == this, $"{file} is modified, but it is not watched");
        _watched[file] = interest;
        Changed(file, file.Poll());
    }

    public void Remove(SocketHandle socket)
    {
        SimulatedFile file = kernel.Control(socket);
        Demand(file.Watcher == this, $"{file} is removed, but it is not watched");
        Forget(file);
        _watched.Remove(file);
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        Call call = kernel.BeginWait(this, milliseconds);
        _ready.Clear();
        if (!network.Faults.Occurs(SimulatedFault.Interrupted))
            Sleep(milliseconds);

        DetectSpinning(milliseconds);
        kernel.EndWait(in call, _ready.Count);
        return CollectionsMarshal.AsSpan(_ready);
    }

    /// <summary>Nothing else runs while a wait sleeps, so the wait itself looks at this after each event of the network.</summary>
    public void Wake() => _isWoken = true;

    public void Dispose()
    {
        Demand(!_isDisposed, "a selector is disposed of twice");
        _isDisposed = true;
        foreach (SimulatedFile file in _watched.Keys)
            Forget(file);

        kernel.CloseSelector(this);
    }

    /// <summary>Something has happened to a watched socket.</summary>
    public abstract void Changed(SimulatedFile file, Interest change);

    protected abstract void Forget(SimulatedFile file);

    /// <summary>Puts those that are ready on a list, up to <see cref="SimulatedNetwork.EventBuffer"/>.</summary>
    protected abstract void Collect(List<ReadyEvent> ready);

    /// <summary>What a watched file is reported for: what it is ready for and watched for, or everything when it has an error.</summary>
    protected Interest ReadyOf(SimulatedFile file)
    {
        Interest ready = file.Poll();
        return file.HasHungUp ? ready : ready & _watched[file];
    }

    private void Sleep(int milliseconds)
    {
        SimulatedTime time = network.Time;
        long deadline = milliseconds == Timeout.Infinite ? long.MaxValue : time.Now + (milliseconds * 1_000L);
        Collect();
        while (_ready.Count == 0 && !_isWoken && time.Now < deadline)
        {
            Demand(deadline < long.MaxValue || time.HasEvents, "deadlock: the wait has no limit, and nothing is under way any more");
            time.AdvanceToNext(deadline);
            Collect();
        }

        _isWoken = false;
    }

    private void DetectSpinning(int milliseconds)
    {
        bool isNeedless = kernel.Progress == _progress && (_ready.Count > 0 || milliseconds == 0);
        _needlessWaits = isNeedless ? _needlessWaits + 1 : 0;
        _progress = kernel.Progress;
        Demand(_needlessWaits <= MaxNeedlessWaits, "the loop spins: it waits again and again, and nothing moves");
    }

    private void Collect()
    {
        Collect(_ready);
        network.Chance.Shuffle(CollectionsMarshal.AsSpan(_ready));
        if (_ready.Count > 0)
            AddNeedless();
    }

    /// <summary>Adds events that a model must bear: of a socket that is not ready, or of one that is on the list already.</summary>
    /// <remarks>
    /// Neither hides an end of the stream that is there. They come only with a true event, so that they do not end a wait for one that was lost.
    /// </remarks>
    private void AddNeedless()
    {
        if (network.Faults.Occurs(SimulatedFault.DuplicateEvent))
            _ready.Add(_ready[network.Chance.Between(0, _ready.Count - 1)]);

        if (network.Faults.Occurs(SimulatedFault.SpuriousEvent))
        {
            (SimulatedFile file, Interest interest) = _watched.ElementAt(network.Chance.Between(0, _watched.Count - 1));
            if (interest != Interest.None)
                _ready.Add(new ReadyEvent(file.Token, ReadyOf(file) | (interest & ~Interest.EndOrUrgent)));
        }

        network.Chance.Shuffle(CollectionsMarshal.AsSpan(_ready));
    }
}
