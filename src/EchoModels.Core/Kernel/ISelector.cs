namespace EchoModels.Kernel;

/// <summary>One question to the kernel about many sockets: which of them are ready?</summary>
/// <remarks>
/// Level-triggered, if its row does not say otherwise: what stays ready is returned again by the next wait. A selector belongs to one
/// thread, except for <see cref="Wake"/>. Every back-end defines these members in this order, so that any two can be read side by side:
/// the constructor, <see cref="Add"/>, <see cref="Modify"/>, <see cref="Remove"/>, <see cref="Wait"/>, <see cref="Wake"/>, Dispose.
/// </remarks>
public interface ISelector : IDisposable
{
    /// <summary>Whether it can watch this socket; only select(2) has descriptors that it cannot watch.</summary>
    bool CanWatch(SocketHandle socket) => true;

    /// <summary>Starts to watch a socket.</summary>
    /// <param name="socket">A socket that is not watched yet; its token comes back in its events.</param>
    /// <param name="interest">What for; <see cref="Interest.None"/> keeps it registered without events.</param>
    /// <exception cref="IOException">The kernel refuses, for want of memory for instance; or it cannot be watched.</exception>
    void Add(SocketHandle socket, Interest interest);

    /// <summary>Changes what a watched socket is watched for.</summary>
    void Modify(SocketHandle socket, Interest interest);

    /// <summary>Stops watching a socket. It must be done before the socket is closed.</summary>
    void Remove(SocketHandle socket);

    /// <summary>Sleeps until a socket is ready, another thread calls <see cref="Wake"/>, or the time is up.</summary>
    /// <param name="milliseconds">The longest sleep; 0 only asks, <see cref="Timeout.Infinite"/> sets no limit.</param>
    /// <returns>What is ready, in a buffer that the next call overwrites; empty when woken, interrupted or out of time.</returns>
    /// <exception cref="IOException">The call failed, for a reason other than a signal.</exception>
    ReadOnlySpan<ReadyEvent> Wait(int milliseconds);

    /// <summary>Ends the wait under way, or else the next one, from any thread. Several wakes before a wait count as one.</summary>
    void Wake();
}

/// <summary>A watched socket's token, and what it is ready for.</summary>
/// <remarks>An error or a hang-up counts as ready for everything: the next receive or send tells which it is.</remarks>
public readonly record struct ReadyEvent(Token Token, Interest Ready);
