using EchoModels.Cli.Client;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class LatencyHistogramTests(ITestOutputHelper output)
{
    private static readonly double[] Shares = [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1];

    [Fact]
    public void Returns_zero_when_nothing_was_recorded()
    {
        LatencyHistogram histogram = new();

        Assert.Equal(0, histogram.Count);
        Assert.Equal(0, histogram.Quantile(0.5));
        Assert.Equal(0, histogram.Max);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(100_000)]
    [InlineData(3_600_000_000_000)]
    [InlineData(long.MaxValue)]
    public void Returns_a_single_value_almost_exactly(long value)
    {
        LatencyHistogram histogram = new();
        histogram.Record(value);

        AssertClose(value, histogram.Quantile(0.5));
        Assert.Equal(value, histogram.Max);
    }

    [Fact]
    public void Treats_a_negative_latency_as_zero()
    {
        LatencyHistogram histogram = new();
        histogram.Record(-5);

        Assert.Equal(1, histogram.Count);
        Assert.Equal(0, histogram.Quantile(1));
    }

    [Fact]
    public void Agrees_with_a_sorted_array_from_nanoseconds_to_hours()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int round = 0; round < 20; round++)
        {
            // Evenly spread over the logarithms from 100 ns to ten hours, and then around one of them.
            double exponent = 2 + (random.NextDouble() * 11.5);
            bool isNarrow = round % 2 == 1;
            long[] values = [.. Enumerable.Range(0, random.Next(1, 20_000)).Select(_ =>
                (long)Math.Pow(10, isNarrow ? exponent + (random.NextDouble() * 0.3) : 2 + (random.NextDouble() * 11.5)))];
            AssertAgrees(values);
        }
    }

    [Fact]
    public void Allocates_nothing_while_it_records()
    {
        LatencyHistogram histogram = new();
        histogram.Record(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (long value = 1; value < 1_000_000; value += 7)
            histogram.Record(value);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void AssertAgrees(long[] values)
    {
        LatencyHistogram histogram = new();
        foreach (long value in values)
            histogram.Record(value);

        Array.Sort(values);
        foreach (double share in Shares)
        {
            int rank = Math.Max(1, (int)Math.Ceiling(share * values.Length));
            AssertClose(values[rank - 1], histogram.Quantile(share));
        }

        Assert.Equal(values[^1], histogram.Max);
    }

    private static void AssertClose(long expected, long actual) =>
        Assert.True(Math.Abs((double)actual - expected) <= expected * 0.01, $"expected about {expected}, got {actual}");
}
