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

    /// <summary>A client's messages that are due and not issued yet, because it has no room for them, in groups.</summary>
    /// <returns>When the first message of each group was due, and how many there are.</returns>
    public virtual IEnumerable<(long Due, long Count)> DueUnsent(LoadConnection client) => [];

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
        /// <summary>The groups in which the messages of one client are reported that are due and not sent; there may be billions.</summary>
        private const int Groups = 100;

        private IReadOnlyList<LoadConnection> _clients = [];
        private int[] _positions = []; // in the rotation, by slot
        private long _begin;
        private long _released; // messages whose client was looked at since they are due
        private long _due; // messages that are due

        public override long NextDue => _clients.Count > 0 ? Due(_released) : Clock.Never;

        public override bool IsExact => true;

        public override void Start(IReadOnlyList<LoadConnection> clients, long now)
        {
            (_clients, _begin) = (clients, now);
            _positions = new int[clients.Count == 0 ? 0 : clients.Max(client => client.Slot) + 1];
            for (int position = 0; position < clients.Count; position++)
                _positions[clients[position].Slot] = position;
        }

        public override void HandleEcho(LoadConnection client, long now) => IssueDue(client, now);

        public override bool TryIssueDue(long now, out LoadConnection client)
        {
            client = null!;
            if (NextDue > now)
                return false;

            // Each client is looked at once, however many of its messages are due: a rate that cannot be reached leaves time to receive.
            _due = CountDue(now);
            _released = Math.Max(_released, _due - _clients.Count);
            client = _clients[(int)(_released++ % _clients.Count)];
            IssueDue(client, now);
            return true;
        }

        public override IEnumerable<(long Due, long Count)> DueUnsent(LoadConnection client)
        {
            long end = DueFor(client);
            long size = Math.Max(1, (end - client.Issued) / Groups);
            for (long message = client.Issued; message < end; message += size)
                yield return (DueOf(client, message), Math.Min(size, end - message));
        }

        private void IssueDue(LoadConnection client, long now)
        {
            long due = DueFor(client);
            while (client.HasRoom && client.Issued < due)
                client.Issue(DueOf(client, client.Issued), now);
        }

        /// <summary>How many messages are due for one client.</summary>
        private long DueFor(LoadConnection client)
        {
            int position = _clients.Count == 0 ? 0 : _positions[client.Slot];
            return _due <= position ? 0 : Math.Min(client.Limit, ((_due - position - 1) / _clients.Count) + 1);
        }

        private long DueOf(LoadConnection client, long message) => Due((message * _clients.Count) + _positions[client.Slot]);

        private long Due(long message) => _begin + (long)((double)message * Clock.Second / rate);

        /// <summary>How many messages are due at a time; exactly those whose <see cref="Due"/> has come.</summary>
        private long CountDue(long now)
        {
            long count = (long)((double)(now - _begin) * rate / Clock.Second);
            while (Due(count) <= now)
                count++;
            while (count > 0 && Due(count - 1) > now)
                count--;

            return count;
        }
    }
}
