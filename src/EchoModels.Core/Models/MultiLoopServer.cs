using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>Several event loops, each on a thread of its own with its own selector or ring and its own share of the connections.</summary>
/// <remarks>
/// The first loop accepts and assigns the new connections in turn, so that the shares stay even. A listener for each loop (SO_REUSEPORT)
/// would spare that, but a listener that is closed takes its backlog with it: the clients that wait there would be reset at every switch.
/// See socket(7).
/// </remarks>
internal sealed class MultiLoopServer(int loops, Func<SocketSet, IEventLoop> newLoop) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using ThreadGroup threads = new(sockets, stop);
        LoopThread[] running = new LoopThread[loops];
        int next = 0;
        void Assign(Connection connection) => running[next++ % loops].Post(connection);

        for (int i = 0; i < loops; i++)
            running[i] = new LoopThread(() => newLoop(sockets), Assign, threads);

        sockets.SetBlocking(false);
        foreach (Connection adopted in sockets)
            Assign(adopted);

        if (Array.TrueForAll(running, loop => loop.Start()))
        {
            foreach (Listener listener in sockets.Listeners)
                running[0].Post(listener); // not before: a start that fails has accepted no client
            sockets.ReportStarted();
        }

        threads.WaitForAll();
    }
}
