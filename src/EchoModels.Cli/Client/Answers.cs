namespace EchoModels.Cli.Client;

/// <summary>The answers that clients got, and the requests that got none: how long each has waited.</summary>
/// <remarks>
/// Without the requests that were never answered, the percentiles of a server that serves a single client are those of its fastest
/// moments. A client that got no answer until the end of sending has waited throughout: its requests count as unanswered with the time
/// until then, even if an answer follows when the other clients have left.
/// </remarks>
internal sealed class Answers(Pace pace)
{
    private bool _sendingEnded;

    /// <summary>The latency of each answered message, and how long each unanswered one has waited, in nanoseconds.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Messages whose echo was received.</summary>
    public long Count { get; private set; }

    /// <summary>Messages sent, or due by the schedule, whose echo was not received.</summary>
    public long Unanswered { get; private set; }

    /// <summary>Counts the echo of a message that was sent, or due, at <paramref name="start"/>.</summary>
    public void Add(LoadConnection client, long start, long now)
    {
        if (client.IsStarved)
            return; // counted already, as unanswered

        Latency.Record(now - start);
        Count++;
    }

    /// <summary>Counts the requests of a client that has failed.</summary>
    public void HandleFailure(LoadConnection client, Fault fault, long now)
    {
        if (client.IsStarved)
            return;

        if (fault == Fault.Stalled)
            AddWaiting(client, now);
        else if (fault is Fault.ClosedEarly or Fault.Reset)
            Unanswered += client.Issued - client.Echoed; // nothing was waited for any longer
    }

    /// <summary>Counts the requests that wait for an answer at the end of sending; those in flight of clients that were served are still awaited.</summary>
    public void EndSending(IEnumerable<LoadConnection> clients, long now)
    {
        foreach (LoadConnection client in clients)
        {
            if (client.AwaitsEcho && client.Echoed == 0)
                AddWaiting(client, now);
            else
                AddUnsent(client, now);
        }

        _sendingEnded = true;
    }

    private void AddWaiting(LoadConnection client, long now)
    {
        foreach (long start in client.UnansweredStarts())
            AddUnanswered(now - start);

        AddUnsent(client, now);
        client.IsStarved = client.Echoed == 0;
    }

    /// <summary>Counts the messages that were due, and could not be sent as too many before them were unanswered.</summary>
    private void AddUnsent(LoadConnection client, long now)
    {
        if (_sendingEnded)
            return; // counted then

        foreach ((long due, long count) in pace.DueUnsent(client))
            AddUnanswered(now - due, count);
    }

    private void AddUnanswered(long waited, long count = 1)
    {
        Latency.Record(waited, count);
        Unanswered += count;
    }
}
