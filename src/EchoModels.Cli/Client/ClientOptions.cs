using System.Net;

namespace EchoModels.Cli.Client;

/// <summary>The load to generate: how many clients, what each sends, and when it sends the next message.</summary>
internal sealed record ClientOptions
{
    /// <summary>Where to connect to; the first address of a host that has several.</summary>
    public required IPEndPoint Server { get; init; }

    /// <summary>The other addresses of the host, which are tried in this order when no connection can be made.</summary>
    public IReadOnlyList<IPEndPoint> OtherAddresses { get; init; } = [];

    public int Connections { get; init; } = 20;

    /// <summary>How long messages are sent; null when <see cref="Messages"/> is the limit.</summary>
    public TimeSpan? Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many messages each connection sends; null when <see cref="Duration"/> is the limit.</summary>
    public int? Messages { get; init; }

    /// <summary>Bytes a message.</summary>
    public int Size { get; init; } = 64;

    /// <summary>How many messages a connection may have in flight.</summary>
    public int Pipeline { get; init; } = 1;

    /// <summary>Messages a second over all connections; null sends as fast as the echoes come back.</summary>
    public int? Rate { get; init; }

    /// <summary>The pause between an echo and the next message.</summary>
    public TimeSpan Think { get; init; }

    /// <summary>How long a client waits for the server: for the connection, for an echo, for the end of the stream.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}
