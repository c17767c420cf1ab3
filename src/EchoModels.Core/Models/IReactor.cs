using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>One event loop, whoever turns it: a server with one thread, or a team with many.</summary>
internal interface IReactor
{
    /// <summary>Where a newcomer is to be watched; here, unless it is told otherwise.</summary>
    Action<Connection>? Place { get; set; }

    /// <summary>Takes a socket into its care.</summary>
    void Add(WatchedSocket socket);

    /// <summary>Waits once, and attends to those that have something.</summary>
    void Turn();
}
