using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Processes;

namespace EchoModels;

/// <summary>Ends connections that have sent nothing for too long, whichever model serves them.</summary>
/// <remarks>
/// It looks at each connection's byte count now and then, so that no model takes the time at every message; a child's bytes the kernel has
/// counted. An idle connection is shut down; its model, or its child, then meets the end of the stream and closes it as any other. The
/// timeout is kept to within a tenth of itself.
/// </remarks>
public sealed class IdleTimeout : IDisposable
{
    private readonly SocketSet _sockets;
    private readonly ChildProcesses _children;
    private readonly TimeSpan _timeout;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;
    private Dictionary<Connection, Activity> _last = [];

    public IdleTimeout(SocketSet sockets, ChildProcesses children, TimeSpan timeout)
    {
        _sockets = sockets;
        _children = children;
        _timeout = timeout;
        _thread = new Thread(Run) { Name = "idle timeout", IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _ended.Set();
        _thread.Join();
        _ended.Dispose();
    }

    private void Run()
    {
        TimeSpan interval = TimeSpan.FromMilliseconds(Math.Clamp(_timeout.TotalMilliseconds / 10, 1, 1000));
        while (!_ended.Wait(interval))
            Check(Environment.TickCount64);
    }

    private void Check(long now)
    {
        Dictionary<Connection, Activity> current = [];
        foreach (Connection connection in _sockets)
        {
            if (IsIdle(connection, now, current))
                _sockets.Abort(connection, CloseReason.Idle);
        }

        foreach (ChildConnection child in _children.Traffic.Update())
        {
            if (IsIdle(child.Connection, now, current))
                _children.Abort(child, CloseReason.Idle);
        }

        _last = current;
    }

    private bool IsIdle(Connection connection, long now, Dictionary<Connection, Activity> current)
    {
        if (!_last.TryGetValue(connection, out Activity activity) || activity.Bytes != connection.BytesIn)
            activity = new Activity(connection.BytesIn, now);

        current[connection] = activity;
        return now - activity.Since >= _timeout.TotalMilliseconds;
    }

    /// <summary>How many bytes a connection had received, and since when, in milliseconds.</summary>
    private readonly record struct Activity(long Bytes, long Since);
}
