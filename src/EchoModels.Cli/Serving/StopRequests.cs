using System.Text.Json;
using EchoModels.Cli.Control;

namespace EchoModels.Cli.Serving;

/// <summary>The requests to stop, which are answered twice: when the stop begins, and when every connection is closed.</summary>
/// <remarks>The connection of such a request stays open until the process ends: its end tells the client of the process's end.</remarks>
internal sealed class StopRequests(Signals signals, TimeSpan limit)
{
    /// <summary>How long the end may be delayed by clients that do not receive the last answer.</summary>
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource<StopReport> _report = new();
    private readonly object _gate = new();
    private int _unanswered;

    /// <summary>Begins the stop, and waits for its end; the thread that takes the lines never comes back.</summary>
    public IEnumerable<string> Answer()
    {
        Count(1);
        try
        {
            signals.RequestStop(Requests.Stop);
            yield return JsonSerializer.Serialize(new StopBegun(Environment.ProcessId, limit.TotalSeconds), Wire.Readable.StopBegun);
            yield return JsonSerializer.Serialize(_report.Task.GetAwaiter().GetResult(), Wire.Readable.StopReport);
        }
        finally
        {
            Count(-1);
        }

        Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>Gives the last answer to every request, and returns when the answers are sent.</summary>
    public void Complete(StopReport report)
    {
        _report.SetResult(report);
        Deadline deadline = new(SendTimeout);
        lock (_gate)
        {
            while (_unanswered > 0 && !deadline.HasPassed)
                Monitor.Wait(_gate, deadline.Remaining);
        }
    }

    private void Count(int change)
    {
        lock (_gate)
        {
            _unanswered += change;
            Monitor.PulseAll(_gate);
        }
    }
}
