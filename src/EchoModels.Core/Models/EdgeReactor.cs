using EchoModels.Selectors;
using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>epoll that tells changes only: each socket is handed over once, and used until the kernel says "not now".</summary>
/// <remarks>
/// Both interests are registered for good, and nothing is changed in the kernel's list while a connection lasts: room to write is
/// told once, when there is some again, and costs nothing before. Listeners are told in the same way; what their one edge told of
/// and was not accepted (enough for now, or no descriptor free) is asked of the backlog's length.
/// </remarks>
/// <param name="sockets">Those that it may be given.</param>
/// <param name="selector">An epoll that is edge-triggered; nothing else will do.</param>
internal sealed class EdgeReactor(SocketSet sockets, ISelector selector) : EdgeLoop(sockets), IReactor
{
    public void Wake() => selector.Wake();

    public void Dispose() => selector.Dispose();

    protected override void Watch(WatchedSocket socket) =>
        selector.Add(socket.Socket, socket is Listener ? Interest.Read : Interest.Read | Interest.Write, socket.Token);

    protected override void Forget(Connection connection) => selector.Remove(connection.Socket);

    protected override void Collect(Unfinished unfinished)
    {
        foreach (ReadyEvent change in selector.Wait(unfinished.LongestWait))
            Attend(change.Token);
    }
}
