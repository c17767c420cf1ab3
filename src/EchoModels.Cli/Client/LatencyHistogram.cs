using System.Numerics;

namespace EchoModels.Cli.Client;

/// <summary>Counts times in buckets that widen with the time, so that hours and nanoseconds have the same relative error.</summary>
/// <remarks>
/// As HdrHistogram does it: below 128 ns every value has its bucket, above that each power of two is cut into 64. A bucket is
/// never wider than 1/64 of its values and answers with its middle, so a quantile is off by less than 0.8 %. Recording is a shift
/// and an increment; nothing is allocated after the beginning.
/// </remarks>
internal sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;

    private readonly long[] _buckets = new long[((63 - SubBits) * SubBuckets) + SubBuckets];

    /// <summary>How many times were recorded.</summary>
    public long Count { get; private set; }

    /// <summary>The longest, exactly, in nanoseconds.</summary>
    public long Max { get; private set; }

    /// <summary>Adds one time, in nanoseconds.</summary>
    public void Record(long nanoseconds)
    {
        _buckets[Bucket(nanoseconds)]++;
        Count++;
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
        // A clock that is read on two processors may seem to go back by a little.
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
