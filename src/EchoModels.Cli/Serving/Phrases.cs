using System.Net;
using EchoModels.Events;

namespace EchoModels.Cli.Serving;

/// <summary>The words for what happens to a connection.</summary>
internal static class Phrases
{
    /// <summary>Which client.</summary>
    public static string Peer(IPEndPoint? peer) => peer?.ToString() ?? "a client that had gone already";

    /// <summary>Where the server listens. An address that stands for all is none to connect to.</summary>
    public static string ListensOn(IPEndPoint endPoint) => endPoint.Address switch
    {
        { } address when address.Equals(IPAddress.Any) => $"{endPoint} (every IPv4 address of this machine)",
        { } address when address.Equals(IPAddress.IPv6Any) => $"{endPoint} (every IPv6 address of this machine)",
        _ => endPoint.ToString(),
    };

    /// <summary>How a child process ended.</summary>
    public static string Ending(int? exit) => exit switch
    {
        null or 0 => "has ended",
        > 128 => $"was ended by signal {exit - 128}",
        _ => $"has ended with exit code {exit}",
    };

    /// <summary>Why a connection was closed.</summary>
    public static string Reason(CloseReason reason) => reason switch
    {
        CloseReason.PeerClosed => "peer closed",
        CloseReason.Reset => "reset",
        CloseReason.Idle => "idle",
        CloseReason.Limit => "limit",
        CloseReason.Drain => "drain",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };
}
