using EchoModels.Connections;
using EchoModels.EventLoops;

namespace EchoModels.Models;

/// <summary>One thread, one event loop, any number of clients: what the loop waits in is the model.</summary>
/// <remarks>
/// <see cref="LevelTriggeredLoop"/> asks a selector which sockets are ready (select, poll, epoll, kqueue); <see cref="EdgeTriggeredLoop"/>
/// learns of changes only (edge-triggered epoll, signals); io-uring's loop has the kernel do the work. See <see cref="IEventLoop"/>.
/// </remarks>
/// <param name="newLoop">Makes the loop, on the thread that runs it.</param>
internal sealed class EventLoopServer(Func<SocketSet, IEventLoop> newLoop) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using IEventLoop loop = newLoop(sockets);
        using CancellationTokenRegistration wake = stop.Register(loop.Wake);

        sockets.SetBlocking(false);
        foreach (Listener listener in sockets.Listeners)
            loop.Add(listener);
        foreach (Connection adopted in sockets)
            loop.Add(adopted);

        sockets.ReportStarted();
        while (!stop.IsCancellationRequested)
            loop.RunOnce();
    }
}
