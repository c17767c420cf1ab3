using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels;

/// <summary>The goodbye: what has arrived until now is echoed, then each connection is closed; what comes later is not read.</summary>
/// <remarks>
/// Not a model to choose, but it serves like one. A connection is closed only when the peer's kernel has acknowledged every
/// byte, because closing with unread input resets it (RFC 1122, 4.2.2.13), and a reset destroys what is still under way. It
/// returns when all are closed, or when told to stop; those that are open then still owe.
/// </remarks>
public sealed class DrainServer(Func<ISelector> openSelector) : IEchoServer
{
    /// <summary>How often it looks whether the last bytes have been acknowledged, in milliseconds.</summary>
    private const int PollInterval = 5;

    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        sockets.CloseListeners();
        if (sockets.Count == 0)
            return; // nobody to say it to

        using ISelector selector = openSelector();
        using CancellationTokenRegistration wake = stop.Register(() => selector.Wake());
        new Drain(sockets, selector).Run(stop);
    }

    private sealed class Drain(SocketSet sockets, ISelector selector)
    {
        private readonly byte[] _buffer = new byte[Connection.BufferSize];
        private readonly Dictionary<Connection, long> _lastByte = [];
        private readonly HashSet<Connection> _leaving = [];

        public void Run(CancellationToken stop)
        {
            sockets.SetBlocking(false);
            foreach (Connection connection in sockets)
                Adopt(connection);

            sockets.ReportStarted();
            CloseAcknowledged();
            while (sockets.Count > 0 && !stop.IsCancellationRequested)
            {
                foreach (ReadyEvent ready in selector.Wait(_leaving.Count > 0 ? PollInterval : Timeout.Infinite))
                {
                    if (sockets.Find(ready.Token) is Connection connection)
                        Attend(connection);
                }

                CloseAcknowledged();
            }
        }

        private void Adopt(Connection connection)
        {
            _lastByte[connection] = connection.BytesIn + connection.Socket.Available;
            connection.Told = connection.Interest;
            selector.Add(connection.Socket, connection.Told, connection.Token);
            Update(connection);
        }

        private void Attend(Connection connection)
        {
            long unread = _lastByte[connection] - connection.BytesIn + connection.HeadroomBytes;
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
                connection.ShutdownSend();
                _leaving.Add(connection);
            }
            else if (connection.Interest != connection.Told)
            {
                connection.Told = connection.Interest;
                selector.Modify(connection.Socket, connection.Told, connection.Token);
            }
        }

        private void CloseAcknowledged()
        {
            foreach (Connection connection in _leaving.Where(connection => sockets.Unacknowledged(connection) == 0).ToList())
            {
                _leaving.Remove(connection);
                sockets.Close(connection, CloseReason.Drain);
            }
        }
    }
}
