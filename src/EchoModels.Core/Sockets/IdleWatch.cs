namespace EchoModels.Sockets;

/// <summary>Ends connections that have said nothing for too long, whichever model serves them.</summary>
/// <remarks>
/// It looks at each connection's message count now and then, so that no model takes the time at every message. Whom it finds
/// idle it shuts down; the model then meets the end of the stream and closes the connection as it would close any other. The
/// timeout is kept to within a tenth of itself.
/// </remarks>
public sealed class IdleWatch : IDisposable
{
    private readonly SocketSet _sockets;
    private readonly TimeSpan _timeout;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;
    private Dictionary<Connection, Sight> _seen = [];

    public IdleWatch(SocketSet sockets, TimeSpan timeout)
    {
        _sockets = sockets;
        _timeout = timeout;
        _thread = new Thread(Watch) { Name = "idle watch", IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _ended.Set();
        _thread.Join();
        _ended.Dispose();
    }

    private void Watch()
    {
        TimeSpan interval = TimeSpan.FromMilliseconds(Math.Clamp(_timeout.TotalMilliseconds / 10, 1, 1000));
        while (!_ended.Wait(interval))
            Look(Environment.TickCount64);
    }

    private void Look(long now)
    {
        Dictionary<Connection, Sight> seen = [];
        foreach (Connection connection in _sockets)
        {
            if (!_seen.TryGetValue(connection, out Sight sight) || sight.Messages != connection.Messages)
                sight = new Sight(connection.Messages, now);

            seen[connection] = sight;
            if (now - sight.Since >= _timeout.TotalMilliseconds)
                _sockets.Condemn(connection, CloseReason.Idle);
        }

        _seen = seen;
    }

    /// <summary>How many messages a connection had had, and since when, in milliseconds.</summary>
    private readonly record struct Sight(long Messages, long Since);
}
