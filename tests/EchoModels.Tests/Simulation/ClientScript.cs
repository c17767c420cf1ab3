namespace EchoModels.Tests.Simulation;

/// <summary>What one client does, by the seed. Times are in microseconds.</summary>
internal sealed class ClientScript
{
    /// <summary>How long one that reads late waits when it can send no more.</summary>
    public const int LongestLateness = 5_000;

    /// <summary>The most pieces that a stream is sent in, and read in: more would take longer and show nothing new.</summary>
    private const int Pieces = 40;

    private readonly Chance _chance;

    public ClientScript(SimulatedNetwork network)
    {
        _chance = network.Chance;
        int narrowest = Math.Min(Math.Min(network.SendQueue, network.ReceiveQueue), network.Segment);
        int wanted = _chance.Pick(0, _chance.Scaled(1, 100), _chance.Scaled(100, 5_000), _chance.Scaled(5_000, 100_000));
        Total = Math.Min(wanted, Pieces * narrowest);
        Piece = Math.Max(_chance.Scaled(1, 50_000), (Total / Pieces) + 1);
        ReadPiece = Math.Max(_chance.Pick(_chance.Scaled(1, 1_000), 64 * 1024), (Total / Pieces) + 1);
        LongestStart = _chance.Pick(0, 10_000);
        LongestPause = _chance.Pick(0, 100, 1_000);
        LongestReadPause = _chance.Pick(0, 50, 2_000);
        ReadsLate = _chance.OneIn(4);
        Ending = _chance.Pick(ClientEnding.AtOnce, ClientEnding.AtOnce, ClientEnding.AfterEcho, ClientEnding.AfterEcho, ClientEnding.Reset);
        Life = _chance.Scaled(1, 20_000);
    }

    /// <summary>How many bytes it sends.</summary>
    public int Total { get; }

    /// <summary>The most bytes that it offers at once.</summary>
    public int Piece { get; }

    /// <summary>The most bytes that it reads at once.</summary>
    public int ReadPiece { get; }

    public int LongestStart { get; }

    public int LongestPause { get; }

    public int LongestReadPause { get; }

    /// <summary>Whether it reads nothing until it has sent all, or can send no more.</summary>
    public bool ReadsLate { get; }

    public ClientEnding Ending { get; }

    /// <summary>How long after its start it resets the connection.</summary>
    public int Life { get; }

    public int Pause(int longest) => _chance.Between(0, longest);

    public override string ToString() => $"total {Total}, pieces of {Piece}, reads {ReadPiece}{(ReadsLate ? " late" : "")}, ends by {Ending}";
}
