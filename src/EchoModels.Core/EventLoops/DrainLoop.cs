using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>The last event loop: what has arrived until now is echoed, then each connection is closed; what comes later is not read.</summary>
/// <remarks>
/// A connection is closed only when the peer's kernel has acknowledged every byte, because closing with unread input resets it (RFC 1122,
/// 4.2.2.13), and a reset destroys what is still under way. It returns when all are closed, or when it is stopped; those that are open then
/// have unsent bytes.
/// </remarks>
internal sealed class DrainLoop(SocketSet sockets, ISelector selector) : IDisposable
{
    /// <summary>How often it is checked whether the last bytes have been acknowledged, in milliseconds.</summary>
    private const int PollInterval = 5;

    private readonly byte[] _buffer = new byte[Connection.BufferSize];
    private readonly Dictionary<Connection, long> _lastByte = [];
    private readonly HashSet<Connection> _shutDown = [];

    public void Run(CancellationToken stop)
    {
        using CancellationTokenRegistration wake = stop.Register(selector.Wake);
        sockets.SetBlocking(false);
        foreach (Connection connection in sockets)
            Add(connection);

        CloseAcknowledged();
        while (sockets.Count > 0 && !stop.IsCancellationRequested)
        {
            foreach (ReadyEvent ready in selector.Wait(_shutDown.Count > 0 ? PollInterval : Timeout.Infinite))
            {
                if (sockets.Find(ready.Token) is Connection connection)
                    Serve(connection);
            }

            CloseAcknowledged();
        }
    }

    public void Dispose() => selector.Dispose();

    private void Add(Connection connection)
    {
        _lastByte[connection] = connection.BytesIn + sockets.Kernel.Available(connection.Socket);
        connection.RegisteredInterest = connection.Interest;
        selector.Add(connection.Socket, connection.RegisteredInterest);
        Update(connection);
    }

    private void Serve(Connection connection)
    {
        long unread = _lastByte[connection] - connection.BytesIn + sockets.Policy.Reply.AddedBytes;
        if (connection.Echo(_buffer.AsSpan(0, (int)Math.Min(unread, _buffer.Length))) != IoStatus.Closed)
        {
            Update(connection);
            return;
        }

        selector.Remove(connection.Socket);
        sockets.Close(connection);
    }

    private void Update(Connection connection)
    {
        if (!connection.HasUnsent && connection.BytesIn >= _lastByte[connection])
        {
            selector.Remove(connection.Socket);
            sockets.Kernel.Shutdown(connection.Socket, System.Net.Sockets.SocketShutdown.Send);
            _shutDown.Add(connection);
        }
        else if (connection.Interest != connection.RegisteredInterest)
        {
            connection.RegisteredInterest = connection.Interest;
            selector.Modify(connection.Socket, connection.RegisteredInterest);
        }
    }

    private void CloseAcknowledged()
    {
        foreach (Connection connection in _shutDown.Where(connection => sockets.Kernel.Unacknowledged(connection.Socket) == 0).ToList())
        {
            _shutDown.Remove(connection);
            sockets.Close(connection, CloseReason.Drain);
        }
    }
}
