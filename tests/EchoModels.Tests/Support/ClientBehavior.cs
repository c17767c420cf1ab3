namespace EchoModels.Tests.Support;

/// <summary>One client of a clients, and its temper.</summary>
internal abstract class ClientBehavior(Peer peer)
{
    private bool _halfClosed;

    /// <summary>Whether it has said and heard everything, and seen the end of the stream.</summary>
    public bool HasLeft => peer.HasEnded;

    protected Peer Peer => peer;

    /// <summary>Does a little, as its temper is; when the clients finishes, whatever is left to do.</summary>
    /// <returns>How many bytes moved, and one for the end of the stream.</returns>
    public int Step(Random random, bool finishing)
    {
        if (!finishing)
            return Behave(random);

        int moved = _halfClosed ? 0 : LastWords();
        moved += peer.TryHear();
        if (!peer.HasEnded)
            return moved;

        peer.Ledger.Settle();
        return moved + 1;
    }

    public override string ToString() => $"{GetType().Name} {peer.Ledger}";

    protected abstract int Behave(Random random);

    protected void HalfClose()
    {
        _halfClosed = true;
        peer.HalfClose();
    }

    private int LastWords()
    {
        int said = peer.TrySay(100);
        if (said > 0)
            HalfClose();

        return said;
    }
}

/// <summary>Says and hears pieces of random sizes.</summary>
internal sealed class Talker(Peer peer) : ClientBehavior(peer)
{
    private const int MostUnderWay = 64 * 1024;

    protected override int Behave(Random random)
    {
        int said = Peer.Ledger.Missing < MostUnderWay && random.Next(2) == 0 ? Peer.TrySay(random.Next(1, 20_000)) : 0;
        return said + Peer.TryHear(random.Next(1, 40_000));
    }
}

/// <summary>Says much and hears little, so that the server owes it bytes most of the time.</summary>
internal sealed class SlowReader(Peer peer) : ClientBehavior(peer)
{
    protected override int Behave(Random random) =>
        Peer.TrySay(random.Next(1, 20_000)) + (random.Next(20) == 0 ? Peer.TryHear(random.Next(1, 3_000)) : 0);
}

/// <summary>Says as much as the queues there and back hold, and hears nothing before the end.</summary>
internal sealed class Stuffed(Peer peer) : ClientBehavior(peer)
{
    protected override int Behave(Random random) => Peer.TrySay(20_000);
}

/// <summary>Says nothing before the end.</summary>
internal sealed class Silent(Peer peer) : ClientBehavior(peer)
{
    protected override int Behave(Random random) => 0;
}

/// <summary>Says its piece and half-closes at once, but hears nothing before the end.</summary>
internal sealed class HalfCloser(Peer peer, int piece) : ClientBehavior(peer)
{
    protected override int Behave(Random random)
    {
        long left = piece - Peer.Ledger.Sent;
        if (left < 0)
            return 0;
        if (left > 0)
            return Peer.TrySay((int)left);

        HalfClose();
        piece = -1;
        return 0;
    }
}
