using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.IoUring;

namespace EchoModels.Models;

/// <summary>One thread, one event loop, any number of clients: what the loop waits in is the model.</summary>
/// <remarks>
/// <see cref="LevelTriggeredLoop"/> asks a selector who is ready (select, poll, epoll, kqueue), <see cref="EdgeReactor"/> is told changes
/// only, <see cref="SignalReactor"/> collects signals, and <see cref="UringProactor"/> has the work done. See <see cref="IEventLoop"/>.
/// </remarks>
/// <param name="newReactor">Makes the loop, on the thread that turns it.</param>
internal sealed class EventLoopServer(Func<SocketSet, IEventLoop> newReactor) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using IEventLoop reactor = newReactor(sockets);
        using CancellationTokenRegistration wake = stop.Register(reactor.Wake);

        sockets.SetBlocking(false);
        foreach (Listener listener in sockets.Listeners)
            reactor.Add(listener);
        foreach (Connection adopted in sockets)
            reactor.Add(adopted);

        sockets.ReportStarted();
        while (!stop.IsCancellationRequested)
            reactor.Turn();
    }
}
