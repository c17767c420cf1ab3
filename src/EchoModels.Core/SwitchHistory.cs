using System.Diagnostics;

namespace EchoModels;

/// <summary>The switches that were made, the last <see cref="Max"/> of them, and since when the present model serves.</summary>
internal sealed class SwitchHistory
{
    /// <summary>So many are kept: a status is one line of a bounded length.</summary>
    public const int Max = 1_000;

    private readonly Lock _gate = new();
    private readonly Queue<SwitchReport> _reports = [];
    private long _lastAt = Stopwatch.GetTimestamp();

    /// <summary>The latest last.</summary>
    public IReadOnlyList<SwitchReport> Reports
    {
        get
        {
            lock (_gate)
                return [.. _reports];
        }
    }

    /// <summary>How long the model that serves has served.</summary>
    public TimeSpan SinceLast => Stopwatch.GetElapsedTime(Interlocked.Read(ref _lastAt));

    /// <summary>A model has begun to take over.</summary>
    public void OnBegin() => Interlocked.Exchange(ref _lastAt, Stopwatch.GetTimestamp());

    public void Add(SwitchReport report)
    {
        lock (_gate)
        {
            if (_reports.Count == Max)
                _reports.Dequeue();

            _reports.Enqueue(report);
        }
    }
}
