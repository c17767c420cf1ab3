namespace EchoModels.Tests.Simulation;

/// <summary>A clock that only the simulator moves, and what is to happen when. The unit is the microsecond.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private readonly PriorityQueue<Action, (long At, long Order)> _events = new();
    private long _order;

    /// <summary>The time, for the simulator itself: to look at it takes no time.</summary>
    public long Now { get; private set; }

    /// <summary>Whether anything is still to happen.</summary>
    public bool HasEvents => _events.Count > 0;

    /// <summary>How many events have happened.</summary>
    public long Happened { get; private set; }

    /// <summary>Raised before a model reads the clock: like every call, that takes time.</summary>
    public event Action? Reading;

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp()
    {
        Reading?.Invoke();
        return Now;
    }

    /// <summary>Lets something happen after a delay; what is due at the same time happens in the order in which it was asked for.</summary>
    public void After(long delay, Action happen) => _events.Enqueue(happen, (Now + delay, _order++));

    /// <summary>Moves the clock, and lets happen what is due on the way.</summary>
    public void AdvanceTo(long until)
    {
        while (IsDue(until))
            HappenNext();

        Now = Math.Max(Now, until);
    }

    /// <summary>Moves the clock to the next event, which happens, or to the limit if that comes first.</summary>
    /// <returns>False if the limit came first.</returns>
    public bool AdvanceToNext(long limit)
    {
        if (IsDue(limit))
        {
            HappenNext();
            return true;
        }

        Now = Math.Max(Now, limit);
        return false;
    }

    private bool IsDue(long until) => _events.TryPeek(out _, out (long At, long) next) && next.At <= until;

    private void HappenNext()
    {
        _events.TryDequeue(out Action? happen, out (long At, long) due);
        Now = Math.Max(Now, due.At);
        Happened++;
        happen!();
    }
}
