using System.Diagnostics;

namespace EchoModels.Cli.Client;

/// <summary>The monotonic clock in nanoseconds, since an arbitrary moment in the past; see CLOCK_MONOTONIC in clock_gettime(2).</summary>
internal static class Clock
{
    public const long Second = 1_000_000_000;
    public const long Millisecond = 1_000_000;
    public const long Never = long.MaxValue;

    private static readonly long NanosecondsPerTick = Second / Stopwatch.Frequency;

    public static long Now => Stopwatch.GetTimestamp() * NanosecondsPerTick;

    public static long From(TimeSpan time) => (long)(time.TotalSeconds * Second);
}
