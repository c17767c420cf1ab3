using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.IoUring;

/// <summary>The connections of one ring, found by the slot of their token.</summary>
internal sealed class RingClients
{
    private RingClient?[] _slots = new RingClient?[64];

    public RingClient this[Token token] =>
        _slots[token.Slot] ?? throw new InvalidOperationException($"a completion for a connection that was closed, in slot {token.Slot}");

    public RingClient Add(Connection connection, Ring ring)
    {
        int slot = connection.Token.Slot;
        if (slot >= _slots.Length)
            Array.Resize(ref _slots, Math.Max(slot + 1, _slots.Length * 2));

        return _slots[slot] = new RingClient(connection, ring);
    }

    /// <summary>Removes one that is over, for its connection to be closed.</summary>
    public Connection Remove(RingClient client)
    {
        client.DropPendingSends();
        _slots[client.Connection.Token.Slot] = null;
        return client.Connection;
    }

    /// <summary>Gives up whatever is requested for any of them.</summary>
    public void Cancel()
    {
        foreach (RingClient? client in _slots)
            client?.Cancel();
    }

    /// <summary>Moves what is still to be sent into the connections, before the ring's buffers are freed.</summary>
    public void KeepPendingSends()
    {
        foreach (RingClient? client in _slots)
            client?.KeepPendingSends();
    }
}
