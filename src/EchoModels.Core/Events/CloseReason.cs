namespace EchoModels.Events;

/// <summary>Why a connection ended.</summary>
public enum CloseReason
{
    /// <summary>The peer sent its end of stream (FIN), and every byte was sent back.</summary>
    PeerClosed,

    /// <summary>The peer reset the connection (RST), or it broke.</summary>
    Reset,

    /// <summary>Nothing was received for longer than the idle timeout.</summary>
    Idle,

    /// <summary>One connection more than the limit allows, or no thread for it, or no bit in select's set.</summary>
    Limit,

    /// <summary>The server is stopping.</summary>
    Drain,
}
