namespace EchoModels.Connections;

/// <summary>What clients are promised, whichever model serves them.</summary>
public sealed record EchoPolicy
{
    /// <summary>Sent to each client when it connects, before anything else; empty for none.</summary>
    public byte[] Greeting { get; init; } = [];

    /// <summary>What comes back for each received chunk.</summary>
    public Reply Reply { get; init; } = Reply.Echo;

    /// <summary>How many connections may be open; one more is closed at once.</summary>
    public int MaxConnections { get; init; } = int.MaxValue;
}
