using System.Diagnostics;
using EchoModels.Connections;

namespace EchoModels.Tests.Support;

/// <summary>Limits that end a test which hangs, with a message that names what it waited for; none of them is a measurement.</summary>
internal static class Limit
{
    /// <summary>How long anything may take that takes milliseconds on an idle machine.</summary>
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(20);

    /// <summary>The longest that a whole test may take.</summary>
    public static readonly TimeSpan Test = TimeSpan.FromSeconds(90);

    /// <summary>Runs the work on a thread of its own, and fails if it takes longer than the limit.</summary>
    public static void Run(TimeSpan limit, string what, Action work)
    {
        if (!BackgroundWork.Start(work).TryWait(limit))
            throw new TimeoutException($"{what} took longer than {limit.TotalSeconds:0} s");
    }

    /// <summary>Waits until a condition is true.</summary>
    public static void Until(Func<bool> condition, string what)
    {
        long begun = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > Generous)
                throw new TimeoutException($"not within {Generous.TotalSeconds:0} s: {what}");

            Thread.Sleep(1);
        }
    }

    /// <summary>Runs code that begins a listener's backoff, and runs it again if the backoff may have ended before the code did.</summary>
    public static void WithinBackoff(Listener listener, Action act)
    {
        long begun;
        do
        {
            Until(() => !listener.IsBackingOff, "the backoff has ended");
            begun = Environment.TickCount64;
            act();
        }
        while (Environment.TickCount64 - begun >= Listener.BackoffMilliseconds);
    }
}
