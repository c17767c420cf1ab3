using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>One thread, one event loop, any number of clients: what the loop waits in is the model.</summary>
/// <remarks>
/// <see cref="Reactor"/> asks a selector who is ready (select, poll, epoll, kqueue), <see cref="EdgeReactor"/> is told changes
/// only, <see cref="SignalReactor"/> collects signals, and <see cref="RingReactor"/> has the work done. See <see cref="IReactor"/>.
/// </remarks>
/// <param name="newReactor">Makes the loop, on the thread that turns it.</param>
internal sealed class ReactorServer(Func<SocketSet, IReactor> newReactor) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using IReactor reactor = newReactor(sockets);
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
