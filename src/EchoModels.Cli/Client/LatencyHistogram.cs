using System.Numerics;

namespace EchoModels.Cli.Client;

/// <summary>A histogram of latencies whose buckets widen with the value, so that nanoseconds and hours have the same relative error.</summary>
/// <remarks>
/// The layout of HdrHistogram: below 128 ns every value has a bucket of its own, above that each power of two is divided into 64
/// buckets. A bucket is at most 1/64 of its values wide and stands for its middle, so the error of a quantile is below 0.8 %.
/// Recording is a shift and an increment, and allocates nothing.
/// </remarks>
internal sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;

    private readonly long[] _buckets = new long[((63 - SubBits) * SubBuckets) + SubBuckets];

    /// <summary>How many times were recorded.</summary>
    public long Count { get; private set; }

    /// <summary>The longest time, exactly, in nanoseconds.</summary>
    public long Max { get; private set; }

    /// <summary>Adds a time, in nanoseconds, so many times.</summary>
    public void Record(long nanoseconds, long count = 1)
    {
        _buckets[Bucket(nanoseconds)] += count;
        Count += count;
        if (nanoseconds > Max)
            Max = nanoseconds;
    }

    /// <summary>The time, in nanoseconds, that this share of all times does not exceed; 0 if there are none.</summary>
    /// <param name="share">From 0 to 1: 0.99 asks for the 99th percentile.</param>
    public long Quantile(double share)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (int bucket = 0; bucket < _buckets.Length; bucket++)
        {
            seen += _buckets[bucket];
            if (seen >= rank)
                return Math.Min(Middle(bucket), Max);
        }

        return Max;
    }

    private static int Bucket(long value)
    {
        // Clock readings on two processors may differ, and the difference of two readings may be negative.
        ulong time = (ulong)Math.Max(0, value);
        int shift = Math.Max(0, BitOperations.Log2(time) - SubBits);
        return (shift * SubBuckets) + (int)(time >> shift);
    }

    private static long Middle(int bucket)
    {
        if (bucket < 2 * SubBuckets)
            return bucket;

        int shift = (bucket / SubBuckets) - 1;
        long first = (long)(bucket - (shift * SubBuckets)) << shift;
        return first + (1L << (shift - 1));
    }
}
