namespace EchoModels.Connections;

/// <summary>How an attempt to move bytes ended. A peer's fault is a value here, not an exception.</summary>
public enum IoStatus
{
    /// <summary>Some bytes moved, or a signal came in between (EINTR): try again at once.</summary>
    Progress,

    /// <summary>Nothing could be done now (EAGAIN): wait, then try again.</summary>
    WouldBlock,

    /// <summary>The conversation is over; <see cref="Connection.CloseReason"/> says why.</summary>
    Closed,
}
