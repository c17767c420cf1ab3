using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>epoll that tells changes only: each socket is handed over once, and used until nothing is left of what was told.</summary>
/// <remarks>
/// All interests are registered for good, and nothing is changed in the kernel's list while a connection lasts: room to write is
/// told once, when there is some again, and costs nothing before. With EPOLLRDHUP and EPOLLPRI the kernel tells whether there are
/// only bytes; then a receive that leaves room in the buffer was the last, and the one that would say "not now" is saved: see the
/// questions and answers of epoll(7). Listeners are told in the same way; what their one edge told of and was not accepted (enough
/// for now, or no descriptor free) is asked of the backlog's length.
/// </remarks>
/// <param name="sockets">Those that it may be given.</param>
/// <param name="selector">An epoll that is edge-triggered; nothing else will do.</param>
internal sealed class EdgeReactor(SocketSet sockets, ISelector selector) : EdgeLoop(sockets), IEventLoop
{
    private const Interest Everything = Interest.Read | Interest.Write | Interest.EndOrUrgent;

    public void Wake() => selector.Wake();

    public void Dispose() => selector.Dispose();

    protected override void Watch(EventSource socket) =>
        selector.Add(socket.Socket, socket is Listener ? Interest.Read : Everything, socket.Token);

    protected override void Forget(Connection connection) => selector.Remove(connection.Socket);

    protected override void Collect(ReadyList readyList)
    {
        foreach (ReadyEvent change in selector.Wait(readyList.LongestWait))
            Attend(change.Token, onlyBytes: (change.Ready & Interest.EndOrUrgent) == 0);
    }
}
