using EchoModels.Connections;

namespace EchoModels.EventLoops;

/// <summary>One event loop, whoever turns it: a server with one thread, or a team with many.</summary>
/// <remarks>It belongs to the thread that makes it, except for <see cref="Wake"/>. Disposed of, it has let go of its sockets.</remarks>
internal interface IEventLoop : IDisposable
{
    /// <summary>Where a newcomer is to be watched; here, unless it is told otherwise.</summary>
    Action<Connection>? Place { get; set; }

    /// <summary>Takes a socket into its care.</summary>
    void Add(EventSource socket);

    /// <summary>Waits once, and attends to those that have something.</summary>
    void Turn();

    /// <summary>Ends the wait under way, or else the next one, from any thread.</summary>
    void Wake();
}
