using System.Diagnostics;

namespace EchoModels.Cli.Client;

/// <summary>The time in nanoseconds since some moment in the past; it never goes back. See clock_gettime(2), CLOCK_MONOTONIC.</summary>
internal static class Clock
{
    public const long Second = 1_000_000_000;
    public const long Millisecond = 1_000_000;
    public const long Never = long.MaxValue;

    private static readonly long NanosecondsPerTick = Second / Stopwatch.Frequency;

    public static long Now => Stopwatch.GetTimestamp() * NanosecondsPerTick;

    public static long From(TimeSpan time) => (long)(time.TotalSeconds * Second);
}
