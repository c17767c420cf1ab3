using System.Diagnostics;
using EchoModels.Connections;

namespace EchoModels.Tests.Support;

/// <summary>No test waits for ever: whatever it waits for has a generous limit, and a name to fail with.</summary>
internal static class Limit
{
    /// <summary>How long anything may take that takes milliseconds on an idle machine.</summary>
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(20);

    /// <summary>The longest that a whole test may take.</summary>
    public static readonly TimeSpan Test = TimeSpan.FromSeconds(90);

    /// <summary>Runs the work on a thread of its own and gives up waiting for it after a time.</summary>
    public static void Run(TimeSpan limit, string what, Action work)
    {
        BackgroundWork errand = BackgroundWork.Begin(work);
        if (!errand.TryDone(limit))
            throw new TimeoutException($"{what} took longer than {limit.TotalSeconds:0} s");
    }

    /// <summary>Looks again and again until it is so.</summary>
    public static void Until(Func<bool> so, string what)
    {
        long begun = Stopwatch.GetTimestamp();
        while (!so())
        {
            if (Stopwatch.GetElapsedTime(begun) > Generous)
                throw new TimeoutException($"{Generous.TotalSeconds:0} s have passed, and still not: {what}");

            Thread.Sleep(1);
        }
    }

    /// <summary>Does it again if the listener's rest, begun in it, may have ended before it was done: the machine stood still.</summary>
    public static void WithinRest(Listener listener, Action act)
    {
        long begun;
        do
        {
            Until(() => !listener.IsBackingOff, "the listener has rested");
            begun = Environment.TickCount64;
            act();
        }
        while (Environment.TickCount64 - begun >= Listener.BackoffMilliseconds);
    }
}
