namespace EchoModels.Cli.Client;

/// <summary>Decides when a client sends its next message.</summary>
internal abstract class Pace
{
    /// <summary>The most pauses that memory is reserved for in advance.</summary>
    private const int MaxReserved = 64 * 1024;

    /// <summary>The time at which the next message is due without an echo; <see cref="Clock.Never"/> if messages only follow echoes.</summary>
    public virtual long NextDue => Clock.Never;

    /// <summary>Whether a message must be sent at its due time, and not a millisecond later.</summary>
    public virtual bool IsExact => false;

    public static Pace For(ClientOptions options) => options switch
    {
        { Rate: { } rate } => new OpenLoop(rate),
        { Think.Ticks: > 0 } => new ThinkTimeLoop(options.Think, Math.Min(options.Connections * options.Pipeline, MaxReserved)),
        _ => new ClosedLoop(),
    };

    /// <summary>Issues the first messages.</summary>
    public virtual void Start(IReadOnlyList<LoadConnection> clients, long now)
    {
        foreach (LoadConnection client in clients)
        {
            while (client.HasRoom && client.Issued < client.Limit)
                client.Issue(now, now);
        }
    }

    /// <summary>Handles one complete echo.</summary>
    public abstract void HandleEcho(LoadConnection client, long now);

    /// <summary>Issues one message that is due; false if none is.</summary>
    public virtual bool TryIssueDue(long now, out LoadConnection client)
    {
        client = null!;
        return false;
    }

    /// <summary>The due times of a client's messages that are due and not issued yet, because it has no room for them.</summary>
    public virtual IEnumerable<long> DueUnsent(LoadConnection client) => [];

    /// <summary>The next message follows the echo at once.</summary>
    private sealed class ClosedLoop : Pace
    {
        public override void HandleEcho(LoadConnection client, long now)
        {
            if (client.Issued < client.Limit)
                client.Issue(now, now);
        }
    }

    /// <summary>The next message follows the echo after a pause, the think time.</summary>
    /// <remarks>All pauses have the same length, so they end in the order in which they began: a queue is enough, and no timer is needed.</remarks>
    private sealed class ThinkTimeLoop(TimeSpan think, int capacity) : Pace
    {
        private readonly long _think = Clock.From(think);
        private readonly Queue<(long Due, LoadConnection Client)> _pauses = new(capacity);

        public override long NextDue => _pauses.TryPeek(out (long Due, LoadConnection) first) ? first.Due : Clock.Never;

        public override void HandleEcho(LoadConnection client, long now) => _pauses.Enqueue((now + _think, client));

        public override bool TryIssueDue(long now, out LoadConnection client)
        {
            client = null!;
            if (NextDue > now)
                return false;

            client = _pauses.Dequeue().Client;
            if (client.Issued < client.Limit)
                client.Issue(now, now);

            return true;
        }
    }

    /// <summary>Messages are due by a schedule, independently of the echoes; each latency counts from the scheduled time.</summary>
    /// <remarks>
    /// A client that waited for a slow echo before it sent would omit the very messages that had to wait longest (coordinated
    /// omission). The clients send in rotation; a message whose client has no room waits, and the wait is part of its latency.
    /// </remarks>
    private sealed class OpenLoop(int rate) : Pace
    {
        private IReadOnlyList<LoadConnection> _clients = [];
        private int[] _positions = []; // in the rotation, by slot
        private long[] _due = []; // messages due until now, by slot
        private long _begin;
        private long _released;

        public override long NextDue => _clients.Count > 0 ? Due(_released) : Clock.Never;

        public override bool IsExact => true;

        public override void Start(IReadOnlyList<LoadConnection> clients, long now)
        {
            (_clients, _begin) = (clients, now);
            int slots = clients.Count == 0 ? 0 : clients.Max(client => client.Slot) + 1;
            (_positions, _due) = (new int[slots], new long[slots]);
            for (int position = 0; position < clients.Count; position++)
                _positions[clients[position].Slot] = position;
        }

        public override void HandleEcho(LoadConnection client, long now) => IssueDue(client, now);

        public override bool TryIssueDue(long now, out LoadConnection client)
        {
            client = null!;
            if (NextDue > now)
                return false;

            client = _clients[(int)(_released++ % _clients.Count)];
            _due[client.Slot] = Math.Min(_due[client.Slot] + 1, client.Limit);
            IssueDue(client, now);
            return true;
        }

        public override IEnumerable<long> DueUnsent(LoadConnection client)
        {
            for (long message = client.Issued; message < _due[client.Slot]; message++)
                yield return DueOf(client, message);
        }

        private void IssueDue(LoadConnection client, long now)
        {
            while (client.HasRoom && client.Issued < _due[client.Slot])
                client.Issue(DueOf(client, client.Issued), now);
        }

        private long DueOf(LoadConnection client, long message) => Due((message * _clients.Count) + _positions[client.Slot]);

        private long Due(long message) => _begin + (long)((double)message * Clock.Second / rate);
    }
}
