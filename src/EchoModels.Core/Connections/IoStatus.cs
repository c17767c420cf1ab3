namespace EchoModels.Connections;

/// <summary>How an attempt to move bytes ended. A peer's fault is a value here, not an exception.</summary>
public enum IoStatus
{
    /// <summary>Some bytes moved, or a signal came in between (EINTR): ask again at once.</summary>
    Progress,

    /// <summary>Nothing could be done now; wait, then ask again.</summary>
    WouldBlock,

    /// <summary>The conversation is over; <see cref="Connection.ClosedBecause"/> says why.</summary>
    Closed,
}
