namespace EchoModels.Cli.Client;

/// <summary>Decides when a client may send its next message.</summary>
internal abstract class Pace
{
    /// <summary>When the next message comes due without an echo; <see cref="Clock.Never"/> if that is not how it goes.</summary>
    public virtual long NextDue => Clock.Never;

    /// <summary>Whether a message must go out at its due time, and not a millisecond later.</summary>
    public virtual bool IsExact => false;

    public static Pace For(ClientOptions options) => options switch
    {
        { Rate: { } rate } => new OpenLoop(rate),
        { Think.Ticks: > 0 } => new ThinkingLoop(options.Think, options.Connections * options.Pipeline),
        _ => new ClosedLoop(),
    };

    /// <summary>Grants what goes out at the beginning.</summary>
    public virtual void Begin(IReadOnlyList<LoadConnection> clients, long now)
    {
        foreach (LoadConnection client in clients)
        {
            while (client.HasRoom && client.Granted < client.Limit)
                client.Grant(now, now);
        }
    }

    /// <summary>One echo is back.</summary>
    public abstract void Echoed(LoadConnection client, long now);

    /// <summary>Grants one message that has come due; false if there is none.</summary>
    public virtual bool TryRelease(long now, out LoadConnection client)
    {
        client = null!;
        return false;
    }

    /// <summary>The next message follows the echo at once.</summary>
    private sealed class ClosedLoop : Pace
    {
        public override void Echoed(LoadConnection client, long now)
        {
            if (client.Granted < client.Limit)
                client.Grant(now, now);
        }
    }

    /// <summary>The next message follows the echo after a pause.</summary>
    /// <remarks>All pauses are equally long, so those who begin first are over first: a queue is all the timer it takes.</remarks>
    private sealed class ThinkingLoop(TimeSpan think, int most) : Pace
    {
        private readonly long _think = Clock.From(think);
        private readonly Queue<(long Due, LoadConnection Client)> _thinking = new(most);

        public override long NextDue => _thinking.TryPeek(out (long Due, LoadConnection) first) ? first.Due : Clock.Never;

        public override void Echoed(LoadConnection client, long now) => _thinking.Enqueue((now + _think, client));

        public override bool TryRelease(long now, out LoadConnection client)
        {
            client = null!;
            if (NextDue > now)
                return false;

            client = _thinking.Dequeue().Client;
            if (client.Granted < client.Limit)
                client.Grant(now, now);

            return true;
        }
    }

    /// <summary>Messages come due by a timetable, whether echoes are back or not; each latency counts from the timetable.</summary>
    /// <remarks>
    /// A client that waits for a slow echo before it sends would leave out just the messages that had to wait longest (coordinated
    /// omission). The clients take turns; a message whose client has no room waits, and its waiting counts.
    /// </remarks>
    private sealed class OpenLoop(int rate) : Pace
    {
        private IReadOnlyList<LoadConnection> _clients = [];
        private int[] _turns = [];
        private long[] _due = [];
        private long _begin;
        private long _released;

        public override long NextDue => _clients.Count > 0 ? Due(_released) : Clock.Never;

        public override bool IsExact => true;

        public override void Begin(IReadOnlyList<LoadConnection> clients, long now)
        {
            (_clients, _begin) = (clients, now);
            int slots = clients.Count == 0 ? 0 : clients.Max(client => client.Slot) + 1;
            (_turns, _due) = (new int[slots], new long[slots]);
            for (int turn = 0; turn < clients.Count; turn++)
                _turns[clients[turn].Slot] = turn;
        }

        public override void Echoed(LoadConnection client, long now) => GrantDue(client, now);

        public override bool TryRelease(long now, out LoadConnection client)
        {
            client = null!;
            if (NextDue > now)
                return false;

            client = _clients[(int)(_released++ % _clients.Count)];
            _due[client.Slot] = Math.Min(_due[client.Slot] + 1, client.Limit);
            GrantDue(client, now);
            return true;
        }

        private void GrantDue(LoadConnection client, long now)
        {
            while (client.HasRoom && client.Granted < _due[client.Slot])
                client.Grant(Due((client.Granted * _clients.Count) + _turns[client.Slot]), now);
        }

        private long Due(long message) => _begin + (long)((double)message * Clock.Second / rate);
    }
}
