using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>One question to the kernel about many sockets: which of them are ready?</summary>
/// <remarks>
/// Level-triggered: what stays ready is told again at the next wait. A selector belongs to one thread, except for <see cref="Wake"/>.
/// Every back-end defines these members in this order, so that any two can be read side by side:
/// the constructor, <see cref="Add"/>, <see cref="Modify"/>, <see cref="Remove"/>, <see cref="Wait"/>, <see cref="Wake"/>, Dispose.
/// </remarks>
public interface ISelector : IDisposable
{
    /// <summary>Whether it has a place for this socket; only select(2) knows descriptors that it cannot watch.</summary>
    bool CanWatch(Socket socket) => true;

    /// <summary>Whether each change to the list is a system call, as the kernel keeps it; the others hand theirs over at every wait.</summary>
    bool TellsKernel => false;

    /// <summary>Starts to watch a socket.</summary>
    /// <param name="socket">A socket that is not watched yet.</param>
    /// <param name="interest">What for; <see cref="Interest.None"/> keeps it registered and silent.</param>
    /// <param name="token">What comes back in its events.</param>
    /// <exception cref="IOException">The kernel refuses, for want of memory for instance; or it cannot be watched.</exception>
    void Add(Socket socket, Interest interest, Token token);

    /// <summary>Changes what a watched socket is watched for.</summary>
    void Modify(Socket socket, Interest interest, Token token);

    /// <summary>Stops watching a socket. It must be done before the socket is closed.</summary>
    void Remove(Socket socket);

    /// <summary>Sleeps until a socket is ready, somebody calls <see cref="Wake"/>, or the time is up.</summary>
    /// <param name="milliseconds">The longest sleep; 0 only looks, <see cref="Timeout.Infinite"/> sets no limit.</param>
    /// <returns>What is ready, in a buffer that the next call overwrites; empty when woken, interrupted or out of time.</returns>
    /// <exception cref="IOException">The call failed, for a reason other than a signal.</exception>
    ReadOnlySpan<ReadyEvent> Wait(int milliseconds);

    /// <summary>Ends the wait under way, or else the next one, from any thread. Several wakes before a wait count as one.</summary>
    /// <returns>Whether this one made a system call: the first does.</returns>
    bool Wake();
}

/// <summary>A watched socket's token, and what it is ready for.</summary>
/// <remarks>An error or a hang-up counts as ready for all: the next receive or send finds out what it is.</remarks>
public readonly record struct ReadyEvent(Token Token, Interest Ready);
