using EchoModels.Connections;

namespace EchoModels.Processes;

/// <summary>What child processes have received and sent. They do not tell, but the kernel has counted it.</summary>
/// <remarks>In how many pieces they received it, nobody has counted: their messages and their calls are not known.</remarks>
public sealed class ChildTraffic
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Connection, ByteCount> _before = [];
    private ByteCount _closed;

    /// <summary>What all children have received and sent until now, those that have ended included.</summary>
    public ByteCount Total
    {
        get
        {
            lock (_gate)
            {
                ByteCount total = _closed;
                foreach (Connection connection in Look())
                    total += ByChild(connection);

                return total;
            }
        }
    }

    /// <summary>Brings the counts of every connection that a child serves up to date.</summary>
    /// <returns>Those connections.</returns>
    public IReadOnlyList<Connection> Look()
    {
        lock (_gate)
        {
            foreach (Connection connection in _before.Keys)
                connection.Note(TcpInfo.SoFar(connection));

            return [.. _before.Keys];
        }
    }

    /// <summary>What the server itself has received and sent until now; the connection is not in use.</summary>
    /// <remarks>Of what has come in, the server knows better than the kernel: some of it may be for the child to receive.</remarks>
    internal static ByteCount Before(Connection connection) => new(connection.BytesIn, TcpInfo.Sent(connection));

    /// <summary>What was received and sent since then is a child's doing.</summary>
    internal void Open(Connection connection, ByteCount before)
    {
        lock (_gate)
            _before.Add(connection, before);
    }

    /// <summary>The child has gone.</summary>
    internal void Close(Connection connection)
    {
        lock (_gate)
        {
            connection.Note(TcpInfo.AtTheEnd(connection));
            _closed += ByChild(connection);
            _before.Remove(connection);
        }
    }

    private ByteCount ByChild(Connection connection) => new ByteCount(connection.BytesIn, connection.BytesOut) - _before[connection];
}
