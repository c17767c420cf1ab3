using EchoModels.Connections;

namespace EchoModels.Threading;

/// <summary>Connections that wait until their model has a thread or a process for them: the set tells how many.</summary>
internal sealed class WaitingCount : IDisposable
{
    private readonly SocketSet _sockets;
    private readonly Queue<Connection> _waiting;

    /// <param name="sockets">The set that they are in.</param>
    /// <param name="connections">Those that wait, in the order in which they will be served.</param>
    public WaitingCount(SocketSet sockets, IEnumerable<Connection> connections)
    {
        (_sockets, _waiting) = (sockets, new Queue<Connection>(connections));
        foreach (Connection connection in _waiting)
            sockets.BeginWait(connection);
    }

    /// <summary>Walks the connections of a set, of which all but the current one wait.</summary>
    public static IEnumerable<Connection> OneByOne(SocketSet sockets)
    {
        List<Connection> all = [];
        foreach (Connection connection in sockets)
            all.Add(connection);

        using WaitingCount waiting = new(sockets, all);
        foreach (Connection connection in all)
        {
            waiting.Decrement();
            yield return connection;
        }
    }

    /// <summary>The next of them waits no more.</summary>
    public void Decrement() => _sockets.EndWait(_waiting.Dequeue());

    /// <summary>Those that are left wait for this model no more.</summary>
    public void Dispose()
    {
        while (_waiting.Count > 0)
            Decrement();
    }
}
