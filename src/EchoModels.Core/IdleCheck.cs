using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Processes;

namespace EchoModels;

/// <summary>Ends the connections on which nothing has moved for too long, each time it is run.</summary>
/// <remarks>
/// Idle means: no byte has arrived, the peer has acknowledged none, and the next step is the peer's. Not idle is a peer that reads slowly
/// what it was sent; one whose bytes the server has not received yet; one that waits until its model has a thread or a process for it.
/// Not thread-safe.
/// </remarks>
/// <param name="sockets">The connections of the set.</param>
/// <param name="children">Those that child processes serve.</param>
/// <param name="timeout">How long nothing may move.</param>
internal sealed class IdleCheck(SocketSet sockets, ChildProcesses children, TimeSpan timeout)
{
    /// <summary>No model causes these calls, so no observer is told of them.</summary>
    private readonly IKernel? _unobserved = OperatingSystem.IsLinux() ? SystemKernel.Open(new CallCounters()) : null;

    private Dictionary<Connection, Activity> _last = [];
    private TimeSpan _now;

    /// <summary>How often it is to be run: the timeout is kept to within a tenth of itself, or a second.</summary>
    public TimeSpan Interval { get; } = TimeSpan.FromMilliseconds(Math.Clamp(timeout.TotalMilliseconds / 10, 1, 1000));

    /// <summary>Looks at each connection.</summary>
    /// <param name="passed">
    /// The time since the last run. More than two intervals are not counted: the process was stopped (SIGSTOP), or the machine slept or
    /// was overloaded, and no connection could be served.
    /// </param>
    public void Run(TimeSpan passed)
    {
        _now += passed < 2 * Interval ? passed : 2 * Interval;
        Dictionary<Connection, Activity> current = [];
        List<Connection> idle = [];
        sockets.Visit(connection =>
        {
            if (IsIdle(connection, current))
                idle.Add(connection);
        });

        List<ChildConnection> idleChildren = children.Traffic.Where(child => IsIdle(child.Connection, current));
        idle.ForEach(connection => sockets.Abort(connection, CloseReason.Idle));
        idleChildren.ForEach(child => children.Abort(child, CloseReason.Idle));
        _last = current;
    }

    private bool IsIdle(Connection connection, Dictionary<Connection, Activity> current)
    {
        StreamProgress progress = StreamProgress.Of(connection, _unobserved ?? sockets.Kernel);
        bool isIdle = _last.TryGetValue(connection, out Activity last)
            && !progress.HasMovedSince(last.Progress) && !progress.WaitsForServer && !connection.IsWaiting;

        TimeSpan since = isIdle ? last.Since : _now;
        current[connection] = new Activity(progress, since);
        return _now - since >= timeout;
    }

    /// <summary>How far a connection had come, and since when nothing has moved on it.</summary>
    private readonly record struct Activity(StreamProgress Progress, TimeSpan Since);
}
