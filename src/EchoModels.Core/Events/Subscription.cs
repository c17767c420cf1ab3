namespace EchoModels.Events;

/// <summary>One subscriber's queue and thread.</summary>
public sealed class Subscription : IDisposable
{
    /// <summary>How long the handler has to handle what is queued when the subscription ends.</summary>
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(1);

    private readonly Queue<ServerEvent> _queue = [];
    private readonly object _gate = new();
    private readonly Action<ServerEvent> _handler;
    private readonly int _capacity;
    private readonly Action<Subscription> _remove;
    private readonly Thread _thread;
    private long _dropped;
    private long _failures;
    private bool _ended;

    internal Subscription(string name, Action<ServerEvent> handler, int capacity, Action<Subscription> remove)
    {
        (_handler, _capacity, _remove) = (handler, capacity, remove);
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Events that found the queue full.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Events that the handler threw at.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Ends it: what is queued is handled first, for a second at the most.</summary>
    /// <returns>Whether all was handled.</returns>
    public bool End()
    {
        _remove(this);
        lock (_gate)
        {
            _ended = true;
            Monitor.Pulse(_gate);
        }

        return Thread.CurrentThread != _thread && _thread.Join(FlushLimit);
    }

    public void Dispose() => End();

    internal void Post(ServerEvent happened)
    {
        lock (_gate)
        {
            if (_ended)
                return;

            if (_queue.Count < _capacity)
                _queue.Enqueue(happened);
            else
                Interlocked.Increment(ref _dropped);

            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        while (Next() is { } happened)
        {
            try
            {
                _handler(happened);
            }
            catch (Exception)
            {
                // A handler's fault is its own: it is counted, and the next event may be handled.
                Interlocked.Increment(ref _failures);
            }
        }
    }

    private ServerEvent? Next()
    {
        lock (_gate)
        {
            while (_queue.Count == 0 && !_ended)
                Monitor.Wait(_gate);

            return _queue.TryDequeue(out ServerEvent? next) ? next : null;
        }
    }
}
