using EchoModels.Selectors;
using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>epoll that tells changes only: each socket is handed over once, and used until the kernel says "not now".</summary>
/// <remarks>
/// Both interests are registered for good, and nothing is changed in the kernel's list while a connection lasts: room to write is
/// told once, when there is some again, and costs nothing before. Listeners are told in the same way; what their one edge told of
/// and was not accepted (enough for now, or no descriptor free) is asked of the backlog's length.
/// </remarks>
/// <param name="openSelector">Opens an epoll that is edge-triggered. Nothing else will do: there is no falling back.</param>
public sealed class EdgeTriggeredServer(Func<ISelector> openSelector) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using EdgeReactor reactor = new(sockets, openSelector());
        using CancellationTokenRegistration wake = stop.Register(reactor.Wake);

        sockets.SetBlocking(false);
        foreach (Listener listener in sockets.Listeners)
            reactor.Add(listener);
        foreach (Connection adopted in sockets)
            reactor.Add(adopted);

        sockets.Adopted();
        while (!stop.IsCancellationRequested)
            reactor.Turn();
    }
}

/// <summary>An edge loop whose news come from an edge-triggered epoll.</summary>
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
