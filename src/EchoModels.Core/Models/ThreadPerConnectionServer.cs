using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>One thread per connection: each sleeps in its own recv, and the kernel does the waiting.</summary>
/// <remarks>Every thread does what the blocking server does with its only one. The price is a stack and a scheduling slot each.</remarks>
public sealed class ThreadPerConnectionServer : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using ThreadGroup threads = new(sockets, stop);

        sockets.SetBlocking(true);
        foreach (Connection adopted in sockets)
            threads.Start(() => BlockingServer.Serve(adopted, sockets, threads.Blocked));
        threads.StartTogether(sockets.Listeners.Select<Listener, Action>(listener => () => Accept(listener, sockets, threads)));

        sockets.ReportStarted();
        threads.WaitForAll();
    }

    private static void Accept(Listener listener, SocketSet sockets, ThreadGroup threads)
    {
        while (!threads.Stop.IsCancellationRequested)
        {
            if (threads.Blocked.Accept(listener) is not { } client)
                continue;

            try
            {
                threads.Start(() => BlockingServer.Serve(client, sockets, threads.Blocked));
            }
            catch (IOException)
            {
                // The system gives no more threads. The connections that have one keep it.
                sockets.Close(client, CloseReason.Limit);
            }
        }
    }
}
