namespace EchoModels.Tests.Support;

/// <summary>One of several clients, and how it behaves.</summary>
internal abstract class ClientBehavior(Peer peer)
{
    private bool _halfClosed;

    /// <summary>Whether it has sent and received everything, and has received the end of the stream.</summary>
    public bool HasFinished => peer.HasEnded;

    protected Peer Peer => peer;

    /// <summary>Sends and receives a little, as this client behaves; or, at the end, whatever is left.</summary>
    /// <returns>How many bytes moved, and one for the end of the stream.</returns>
    public int Step(Random random, bool finishing)
    {
        if (!finishing)
            return Act(random);

        int moved = _halfClosed ? 0 : SendLast();
        moved += peer.TryReceive();
        if (!peer.HasEnded)
            return moved;

        peer.Check.AssertAllReturned();
        return moved + 1;
    }

    public override string ToString() => $"{GetType().Name} {peer.Check}";

    protected abstract int Act(Random random);

    protected void HalfClose()
    {
        _halfClosed = true;
        peer.HalfClose();
    }

    private int SendLast()
    {
        int sent = peer.TrySend(100);
        if (sent > 0)
            HalfClose();

        return sent;
    }
}

/// <summary>Sends and receives pieces of random sizes.</summary>
internal sealed class ActiveClient(Peer peer) : ClientBehavior(peer)
{
    private const int MaxInFlight = 64 * 1024;

    protected override int Act(Random random)
    {
        int sent = Peer.Check.Missing < MaxInFlight && random.Next(2) == 0 ? Peer.TrySend(random.Next(1, 20_000)) : 0;
        return sent + Peer.TryReceive(random.Next(1, 40_000));
    }
}

/// <summary>Sends much and receives little, so that the server has unsent bytes for it most of the time.</summary>
internal sealed class SlowReader(Peer peer) : ClientBehavior(peer)
{
    protected override int Act(Random random) =>
        Peer.TrySend(random.Next(1, 20_000)) + (random.Next(20) == 0 ? Peer.TryReceive(random.Next(1, 3_000)) : 0);
}

/// <summary>Sends as much as the queues in both directions hold, and receives nothing before the end.</summary>
internal sealed class NonReader(Peer peer) : ClientBehavior(peer)
{
    protected override int Act(Random random) => Peer.TrySend(20_000);
}

/// <summary>Sends nothing before the end.</summary>
internal sealed class IdleClient(Peer peer) : ClientBehavior(peer)
{
    protected override int Act(Random random) => 0;
}

/// <summary>Sends some bytes and half-closes at once, but receives nothing before the end.</summary>
internal sealed class HalfCloser(Peer peer, int bytes) : ClientBehavior(peer)
{
    protected override int Act(Random random)
    {
        long left = bytes - Peer.Check.Sent;
        if (left < 0)
            return 0;
        if (left > 0)
            return Peer.TrySend((int)left);

        HalfClose();
        bytes = -1;
        return 0;
    }
}
