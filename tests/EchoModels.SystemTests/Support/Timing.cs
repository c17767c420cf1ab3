[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

namespace EchoModels.SystemTests.Support;

/// <summary>Limits that end a test which hangs; none of them is a measurement.</summary>
internal static class Timing
{
    /// <summary>The longest that anything may take before it counts as hung.</summary>
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(30);

    /// <summary>The longest life of a server that a test has forgotten; ends every wait for it as well.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(3);

    /// <summary>Looks again and again, until it is so.</summary>
    /// <param name="condition">What is to become true.</param>
    /// <param name="what">What it is, for the failure's message.</param>
    public static void Eventually(Func<bool> condition, string what) =>
        Assert.True(Within(Generous, condition), $"not within {Generous.TotalSeconds} s: {what}");

    /// <summary>Whether it becomes so within a time.</summary>
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
