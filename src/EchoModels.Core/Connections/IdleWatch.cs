namespace EchoModels.Connections;

/// <summary>Ends connections that have said nothing for too long, whichever model serves them.</summary>
/// <remarks>
/// It looks at each connection's byte count now and then, so that no model takes the time at every message; a child's bytes the
/// kernel has counted. Whom it finds idle it shuts down; the model, or the child, then meets the end of the stream and closes the
/// connection as it would close any other. The timeout is kept to within a tenth of itself.
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
            Look(connection, now, seen);
        foreach (Connection connection in _sockets.Children.Traffic.Look())
            Look(connection, now, seen);

        _seen = seen;
    }

    private void Look(Connection connection, long now, Dictionary<Connection, Sight> seen)
    {
        if (!_seen.TryGetValue(connection, out Sight sight) || sight.Bytes != connection.BytesIn)
            sight = new Sight(connection.BytesIn, now);

        seen[connection] = sight;
        if (now - sight.Since >= _timeout.TotalMilliseconds)
            _sockets.Abort(connection, CloseReason.Idle);
    }

    /// <summary>How many bytes a connection had received, and since when, in milliseconds.</summary>
    private readonly record struct Sight(long Bytes, long Since);
}
