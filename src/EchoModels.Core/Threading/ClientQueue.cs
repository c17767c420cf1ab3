using EchoModels.Connections;

namespace EchoModels.Threading;

/// <summary>Connections in the order in which they came, for threads that take one each: one lock, and one condition to sleep on.</summary>
internal sealed class ClientQueue : IDisposable
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

    /// <summary>Wakes a worker for the client; once closed, it does nothing: the client is in the set, for the next model.</summary>
    public void Enqueue(Connection client)
    {
        lock (_gate)
        {
            if (_isClosed)
                return;

            _clients.Enqueue(client);
            _sockets.BeginWait(client);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Sleeps until there is a client; null when it is time to stop.</summary>
    public Connection? Dequeue()
    {
        lock (_gate)
        {
            while (_clients.Count == 0 && !_isClosed)
                Monitor.Wait(_gate);

            if (_isClosed)
                return null;

            Connection client = _clients.Dequeue();
            _sockets.EndWait(client);
            return client;
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
            while (_clients.TryDequeue(out Connection? client))
                _sockets.EndWait(client);

            Monitor.PulseAll(_gate);
        }
    }
}
