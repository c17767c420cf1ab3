using EchoModels.Events;

namespace EchoModels.Connections;

/// <content>The limit of open connections, and those that have left the set but still count.</content>
public sealed partial class SocketSet
{
    private readonly Lock _admitting = new();
    private readonly Lock _detaching = new();
    private readonly HashSet<Connection> _detachedConnections = [];
    private int _detached;

    /// <summary>How many connections are open and have left the set, for a process of their own.</summary>
    public int DetachedCount => Volatile.Read(ref _detached);

    /// <summary>Lets a connection leave the set without closing it: a process of its own serves it from now on.</summary>
    internal void Detach(Connection connection)
    {
        Interlocked.Increment(ref _detached);
        lock (_detaching)
        {
            _detachedConnections.Add(connection);
            lock (GateOf(connection.Token))
                _slots.Remove(connection);
        }
    }

    /// <summary>Closes the descriptor of a connection that has left the set, and tells it.</summary>
    internal void CloseDetached(Connection connection, CloseReason reason, ChildExit child)
    {
        lock (_detaching)
        {
            _detachedConnections.Remove(connection);
            CloseDescriptor(connection);
        }

        if (Events.HasSubscribers)
            Events.Publish(new ConnectionClosed(connection.Token, connection.Peer, reason, null, connection.BytesIn) { Child = child });

        Interlocked.Decrement(ref _detached); // the last step: a stop waits for it
    }

    /// <summary>Takes a connection into the set, unless there are as many others as there may be.</summary>
    private bool TryJoin(Connection connection)
    {
        lock (_admitting)
        {
            _slots.Add(connection);
            if (Count + DetachedCount <= Policy.MaxConnections || OthersAreFewer(connection))
                return true;

            _slots.Remove(connection);
            return false;
        }
    }

    /// <summary>Whether there are fewer others than there may be, without those whose clients have left.</summary>
    /// <remarks>
    /// A client that closes and connects again is often accepted before its model, or its child process, has met the end of the first
    /// stream. So before a connection is turned away, the others are looked at.
    /// </remarks>
    private bool OthersAreFewer(Connection newest)
    {
        lock (_detaching)
        {
            int others = _detachedConnections.Count(connection => !Kernel.HasPeerLeft(connection.Socket));
            foreach (Connection connection in this)
            {
                if (others >= Policy.MaxConnections)
                    return false;

                lock (GateOf(connection.Token))
                    others += connection != newest && IsOpen(connection.Socket) && !Kernel.HasPeerLeft(connection.Socket) ? 1 : 0;
            }

            return others < Policy.MaxConnections;
        }
    }
}
