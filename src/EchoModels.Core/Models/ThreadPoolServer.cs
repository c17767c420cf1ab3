using EchoModels.Connections;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>A fixed number of threads, started beforehand: each serves one client at a time, and the other clients wait in a queue.</summary>
/// <remarks>
/// No thread and no stack is paid per client, and many clients cannot use up the machine. The price: a worker stays with its client until
/// that one leaves. With more clients than workers the next one waits, however idle the others are.
/// </remarks>
/// <param name="workers">How many clients are served at once.</param>
public sealed class ThreadPoolServer(int workers) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using ThreadGroup threads = new(sockets, stop, workers);
        using ClientQueue queue = new(sockets, threads.Stop);

        sockets.SetBlocking(true);
        foreach (Connection adopted in sockets)
            queue.Enqueue(adopted);
        for (int i = 0; i < workers; i++)
            threads.Start(() => Work(queue, sockets, threads));
        threads.StartTogether(sockets.Listeners.Select<Listener, Action>(listener => () => Accept(listener, queue, threads)));

        sockets.ReportStarted();
        threads.WaitForAll();
    }

    /// <summary>An acceptor sleeps in accept, and serves no client itself.</summary>
    private static void Accept(Listener listener, ClientQueue queue, ThreadGroup threads)
    {
        while (!threads.Stop.IsCancellationRequested)
        {
            if (threads.Blocked.Accept(listener) is { } client)
                queue.Enqueue(client);
        }
    }

    /// <summary>A worker sleeps in the queue until it gets a client, then in recv until that one leaves.</summary>
    private static void Work(ClientQueue queue, SocketSet sockets, ThreadGroup threads)
    {
        while (queue.Dequeue() is { } client)
            BlockingServer.Serve(client, sockets, threads.Blocked);
    }
}
