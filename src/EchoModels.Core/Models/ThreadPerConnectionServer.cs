using EchoModels.Connections;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>One thread per connection: each sleeps in its own recv, and the kernel does the waiting.</summary>
/// <remarks>Every thread does what the blocking server does with its only one. The price is a stack and a scheduler's turn each.</remarks>
public sealed class ThreadPerConnectionServer : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using ThreadGroup crew = new(sockets, stop);

        sockets.SetBlocking(true);
        foreach (Connection adopted in sockets)
            crew.Start(() => Converse(adopted, sockets, crew));
        foreach (Listener listener in sockets.Listeners)
            crew.Start(() => Welcome(listener, sockets, crew));

        sockets.ReportStarted();
        crew.WaitForAll();
    }

    private static void Welcome(Listener listener, SocketSet sockets, ThreadGroup crew)
    {
        while (!crew.Stop.IsCancellationRequested)
        {
            if (BlockingServer.Welcome(listener, sockets, crew.BlockedThreads, crew.Stop) is not { } newcomer)
                continue;

            try
            {
                crew.Start(() => Converse(newcomer, sockets, crew));
            }
            catch (IOException)
            {
                // The system gives no more threads. Those that are served stay served.
                sockets.Close(newcomer, CloseReason.Limit);
            }
        }
    }

    private static void Converse(Connection client, SocketSet sockets, ThreadGroup crew) =>
        BlockingServer.Converse(client, sockets, crew.BlockedThreads, crew.Stop);
}
