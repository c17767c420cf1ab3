using EchoModels.Connections;

namespace EchoModels.Threading;

/// <summary>Connections that wait until their model has a thread or a process for them: the set tells how many.</summary>
internal sealed class WaitingCount : IDisposable
{
    private readonly SocketSet _sockets;
    private int _left;

    /// <param name="sockets">The set that they are in.</param>
    /// <param name="connections">How many they are.</param>
    public WaitingCount(SocketSet sockets, int connections)
    {
        (_sockets, _left) = (sockets, connections);
        sockets.AddWaiting(connections);
    }

    /// <summary>Walks the connections of a set, of which all but the current one wait.</summary>
    public static IEnumerable<Connection> OneByOne(SocketSet sockets)
    {
        using WaitingCount waiting = new(sockets, sockets.Count);
        foreach (Connection connection in sockets)
        {
            waiting.Decrement();
            yield return connection;
        }
    }

    /// <summary>One of them waits no more.</summary>
    public void Decrement()
    {
        _left--;
        _sockets.AddWaiting(-1);
    }

    /// <summary>Those that are left wait for this model no more.</summary>
    public void Dispose() => _sockets.AddWaiting(-_left);
}
