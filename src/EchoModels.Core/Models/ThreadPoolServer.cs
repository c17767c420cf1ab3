using EchoModels.Connections;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>A fixed number of threads, started beforehand: each serves one client at a time, and the others wait in a queue.</summary>
/// <remarks>
/// Nothing is paid per client any more, no thread and no stack, and a crowd cannot use up the machine. The price: a worker stays
/// with its client until that one leaves. More clients than workers, and the next one waits, however idle the others are.
/// </remarks>
/// <param name="workers">How many clients are served at once.</param>
public sealed class ThreadPoolServer(int workers) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using ThreadGroup crew = new(sockets, stop);
        using ClientQueue queue = new(sockets, crew.Stop);

        sockets.SetBlocking(true);
        foreach (Connection adopted in sockets)
            queue.Put(adopted);
        for (int i = 0; i < workers; i++)
            crew.Start(() => Work(queue, sockets, crew));
        foreach (Listener listener in sockets.Listeners)
            crew.Start(() => Welcome(listener, queue, sockets, crew));

        sockets.ReportStarted();
        crew.WaitForAll();
    }

    /// <summary>An acceptor: sleeps in accept, and serves nobody itself.</summary>
    private static void Welcome(Listener listener, ClientQueue queue, SocketSet sockets, ThreadGroup crew)
    {
        while (!crew.Stop.IsCancellationRequested)
        {
            if (BlockingServer.Welcome(listener, sockets, crew.BlockedThreads, crew.Stop) is { } newcomer)
                queue.Put(newcomer);
        }
    }

    /// <summary>A worker: sleeps in the queue until it gets a client, then in recv until that one leaves.</summary>
    private static void Work(ClientQueue queue, SocketSet sockets, ThreadGroup crew)
    {
        while (queue.Take() is { } client)
            BlockingServer.Converse(client, sockets, crew.BlockedThreads, crew.Stop);
    }

    /// <summary>Clients in the order in which they came: one lock, and one condition to sleep on, "there is somebody".</summary>
    private sealed class ClientQueue : IDisposable
    {
        private readonly SocketSet _sockets;
        private readonly CancellationTokenRegistration _registration;
        private readonly Queue<Connection> _clients = new();
        private readonly object _gate = new();
        private bool _isClosed;

        public ClientQueue(SocketSet sockets, CancellationToken stop)
        {
            _sockets = sockets;
            _registration = stop.Register(Close);
        }

        /// <summary>Wakes a worker for the client; once closed, it does nothing: he is in the set, for the next model.</summary>
        public void Put(Connection client)
        {
            lock (_gate)
            {
                if (_isClosed)
                    return;

                _clients.Enqueue(client);
                _sockets.AddWaiting(1);
                Monitor.Pulse(_gate);
            }
        }

        /// <summary>Sleeps until there is a client; null when it is time to stop.</summary>
        public Connection? Take()
        {
            lock (_gate)
            {
                while (_clients.Count == 0 && !_isClosed)
                    Monitor.Wait(_gate);

                if (_isClosed)
                    return null;

                _sockets.AddWaiting(-1);
                return _clients.Dequeue();
            }
        }

        /// <summary>Also where it comes to that before the stop: because one more worker could not be started.</summary>
        public void Dispose()
        {
            _registration.Dispose();
            Close();
        }

        private void Close()
        {
            lock (_gate)
            {
                _isClosed = true;
                _sockets.AddWaiting(-_clients.Count);
                _clients.Clear();
                Monitor.PulseAll(_gate);
            }
        }
    }
}
