namespace EchoModels.Cli.Client;

/// <summary>Tells time in which the server was awaited from time in which this process itself stood still.</summary>
/// <remarks>
/// A process that was stopped by a signal or a debugger, on a machine that was suspended, or without a processor could not have
/// received an answer, so that time counts against no limit that the server is judged by.
/// </remarks>
internal static class Standstill
{
    /// <summary>How much later than asked for a wait may end, in nanoseconds, without being a standstill.</summary>
    private const long Margin = 50 * Clock.Millisecond;

    /// <summary>The part of a step that was a standstill, in nanoseconds; 0 if the step took about as long as expected.</summary>
    /// <param name="elapsed">How long the step took, in nanoseconds.</param>
    /// <param name="expected">How long it may have waited, in nanoseconds.</param>
    public static long In(long elapsed, long expected) => elapsed > expected + Margin ? elapsed - expected : 0;
}

/// <summary>A limit on waiting for the server, which is waited for in steps so that a standstill is noticed.</summary>
internal sealed class WaitLimit(TimeSpan timeout)
{
    private const long MaxStep = 100 * Clock.Millisecond;

    private long _left = Clock.From(timeout);
    private long _step;
    private long _stepBegin;

    public bool IsOver => _left <= 0;

    /// <summary>Begins a step.</summary>
    /// <returns>How long it may wait, in milliseconds.</returns>
    public int BeginStep()
    {
        _step = Math.Clamp(_left, 0, MaxStep);
        _stepBegin = Clock.Now;
        return (int)((_step + Clock.Millisecond - 1) / Clock.Millisecond);
    }

    /// <summary>Ends the step, and takes the time that it waited off what is left.</summary>
    public void EndStep()
    {
        long elapsed = Clock.Now - _stepBegin;
        _left -= elapsed - Standstill.In(elapsed, _step);
    }
}
