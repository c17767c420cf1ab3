namespace EchoModels.Kernel;

/// <summary>What a selector is asked to watch a socket for, and what it answers with.</summary>
[Flags]
public enum Interest
{
    /// <summary>Nothing for now: the socket stays registered, and silent.</summary>
    None = 0,

    /// <summary>A receive (or an accept) would not block: there are bytes, an end of stream, an error, or a client.</summary>
    Read = 1,

    /// <summary>A send would not block: the kernel has room for some bytes.</summary>
    Write = 2,

    /// <summary>Not bytes alone: the end of the stream, an error, or urgent data. Told by epoll only; to the others it is a read.</summary>
    EndOrUrgent = 4,
}
