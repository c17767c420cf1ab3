using System.Collections.Concurrent;
using System.Net.Sockets;
using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <content>What other threads than the model's do with its sockets: each under the lock of the socket's slot, with the token checked.</content>
public sealed partial class SocketSet
{
    private readonly Lock[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new Lock())];
    private readonly ConcurrentDictionary<Token, CloseReason> _aborted = [];

    /// <summary>A connection was ended from outside, as by the idle timeout, on any thread: for a model that its kernel does not tell.</summary>
    public event Action? Aborted;

    /// <summary>Ends a conversation from outside, on any thread: its model meets the end of the stream, and closes it for this reason.</summary>
    public void Abort(Connection connection, CloseReason reason)
    {
        lock (GateOf(connection.Token))
        {
            if (_slots.Find(connection.Token) != connection)
                return;

            _aborted[connection.Token] = reason;
            Kernel.Shutdown(connection.Socket, SocketShutdown.Both);
        }

        Aborted?.Invoke();
    }

    /// <summary>Has something done with each connection, from any thread; none of them is closed meanwhile.</summary>
    internal void Visit(Action<Connection> visit)
    {
        foreach (Connection connection in this)
        {
            lock (GateOf(connection.Token))
            {
                if (IsOpen(connection.Socket))
                    visit(connection);
            }
        }
    }

    /// <summary>Whether a socket is in the set, and has not been closed since.</summary>
    internal bool IsOpen(SocketHandle socket) => _slots.Find(socket.Token)?.Socket == socket;

    private Lock GateOf(Token token) => _gates[token.Slot % _gates.Length];
}
