namespace EchoModels.Connections;

/// <summary>Why a connection ended.</summary>
public enum CloseReason
{
    /// <summary>The peer sent its end of stream (FIN), and had every byte back.</summary>
    PeerClosed,

    /// <summary>The peer reset the connection (RST), or it broke.</summary>
    Reset,

    /// <summary>Nothing was received for longer than the idle timeout.</summary>
    Idle,

    /// <summary>One connection more than the limit allows, or no thread to be had for it, or no place in select's set.</summary>
    Limit,

    /// <summary>The server is stopping.</summary>
    Drain,
}
