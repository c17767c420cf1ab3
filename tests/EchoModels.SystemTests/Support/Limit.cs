[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

namespace EchoModels.SystemTests.Support;

/// <summary>Limits that end a test which hangs; none of them is a measurement.</summary>
internal static class Limit
{
    /// <summary>The longest that anything may take before it counts as hung.</summary>
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(30);

    /// <summary>The longest life of a server that a test has not ended; every wait for it ends then, too.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(3);

    /// <summary>Waits until a condition is true.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="what">The condition in words, for the message of a failure.</param>
    public static void Until(Func<bool> condition, string what) =>
        Assert.True(Within(Generous, condition), $"not within {Generous.TotalSeconds} s: {what}");

    /// <summary>Whether a condition becomes true within a limit.</summary>
    public static bool Within(TimeSpan limit, Func<bool> condition)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (!condition())
        {
            if (Environment.TickCount64 > end)
                return false;

            Thread.Sleep(10);
        }

        return true;
    }
}
