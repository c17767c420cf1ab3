namespace EchoModels.Cli.Control;

/// <summary>The moment at which a wait gives up, on a clock that never goes back.</summary>
internal readonly struct Deadline(TimeSpan timeout)
{
    private readonly bool _isNever = timeout == Timeout.InfiniteTimeSpan;
    private readonly long _end = Environment.TickCount64 + (long)timeout.TotalMilliseconds;

    /// <summary>The time that is left: zero when it has passed, <see cref="Timeout.InfiniteTimeSpan"/> where there is no limit.</summary>
    public TimeSpan Remaining =>
        _isNever ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(0, _end - Environment.TickCount64));

    public bool HasPassed => Remaining == TimeSpan.Zero;
}
