using System.Diagnostics;
using EchoModels.Connections;
using EchoModels.Processes;

namespace EchoModels;

/// <summary>Ends connections on which nothing has moved for too long, whichever model serves them.</summary>
/// <remarks>
/// It looks at each connection now and then, on a thread of its own, so that no model takes the time at every message. An idle connection
/// is shut down; its model, or its child, then meets the end of the stream and closes it as any other. What idle means: see
/// <see cref="IdleCheck"/>.
/// </remarks>
public sealed class IdleTimeout : IDisposable
{
    private readonly IdleCheck _check;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;

    /// <param name="sockets">The connections of the set.</param>
    /// <param name="children">Those that child processes serve.</param>
    /// <param name="timeout">How long nothing may move.</param>
    public IdleTimeout(SocketSet sockets, ChildProcesses children, TimeSpan timeout)
    {
        _check = new IdleCheck(sockets, children, timeout);
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
        long last = Stopwatch.GetTimestamp();
        while (!_ended.Wait(_check.Interval))
        {
            long now = Stopwatch.GetTimestamp();
            _check.Run(Stopwatch.GetElapsedTime(last, now));
            last = now;
        }
    }
}
