using System.Net.Sockets;
using EchoModels.Connections;

namespace EchoModels.Processes;

/// <summary>Tells when the connections of children that have ended while the server stops may be closed, in two steps.</summary>
/// <remarks>
/// A reset destroys what is still under way. A socket that is closed with unread input is reset; and so is one whose input and output have
/// both been ended, as soon as the client sends another byte (tcp_rcv_state_process() of Linux; RFC 1122, 4.2.2.13). So first every byte
/// is acknowledged, then the stream is ended, and when that is acknowledged the descriptor is closed. Not thread-safe.
/// </remarks>
internal sealed class ChildShutdown(SocketSet sockets)
{
    private readonly List<ChildConnection> _unacknowledged = [];
    private readonly List<ChildConnection> _shutDown = [];

    /// <summary>The child has ended.</summary>
    public void Add(ChildConnection child) => _unacknowledged.Add(child);

    /// <summary>Whether none is left to close.</summary>
    public bool IsDone => _unacknowledged.Count + _shutDown.Count == 0;

    /// <summary>Takes the steps that can be taken now.</summary>
    /// <returns>Those that are to be closed.</returns>
    public List<ChildConnection> Step()
    {
        foreach (ChildConnection child in TakeAcknowledged(_unacknowledged))
        {
            child.HasShutdownSend = true;
            sockets.Kernel.Shutdown(child.Socket, SocketShutdown.Send);
            _shutDown.Add(child);
        }

        return TakeAcknowledged(_shutDown);
    }

    /// <summary>All that are left are to be closed, whatever is under way.</summary>
    public List<ChildConnection> TakeAll()
    {
        List<ChildConnection> all = [.. _unacknowledged, .. _shutDown];
        _unacknowledged.Clear();
        _shutDown.Clear();
        return all;
    }

    private List<ChildConnection> TakeAcknowledged(List<ChildConnection> children)
    {
        List<ChildConnection> found = children.FindAll(child => sockets.Kernel.Unacknowledged(child.Socket) == 0);
        children.RemoveAll(found.Contains);
        return found;
    }
}
