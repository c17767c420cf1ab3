using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Metering;

public sealed class CallCountersTests
{
    [Fact]
    public void Begins_at_nought() =>
        Assert.All(Enum.GetValues<Counter>(), what => Assert.Equal(0, new CallCounters()[what]));

    [Fact]
    public void Keeps_each_count_apart()
    {
        CallCounters counters = new();
        foreach (Counter what in Enum.GetValues<Counter>())
            counters.Add(what, 1 + (int)what);

        Assert.All(Enum.GetValues<Counter>(), what => Assert.Equal(1 + (int)what, counters[what]));
    }

    [Fact]
    public void Does_not_know_what_it_has_lost_count_of()
    {
        CallCounters counters = new();
        counters.Add(Counter.Accept, 5);
        counters.Add(Counter.Await, 6);
        counters.MarkUnknown(Counter.Accept, Counter.WouldBlock);
        counters.Add(Counter.Accept);

        Assert.Equal((null, null, 0, 6),
            (counters.Known(Counter.Accept), counters.Known(Counter.WouldBlock), counters.Known(Counter.Send), counters.Known(Counter.Await)));
    }

    [Fact]
    public void Adds_up_exactly_what_many_threads_count()
    {
        const int Threads = 8;
        const int Each = 500_000;
        CallCounters counters = new();
        using Barrier together = new(Threads);
        List<BackgroundWork> errands = [.. Enumerable.Range(0, Threads).Select(_ => BackgroundWork.Begin(Count))];
        foreach (BackgroundWork errand in errands)
            errand.Done();

        Assert.Equal(Threads * Each, counters[Counter.Send]);
        Assert.Equal(3L * Threads * Each, counters[Counter.ByteOut]);
        Assert.Equal(0, counters[Counter.Receive]);

        void Count()
        {
            together.SignalAndWait(Limit.Generous);
            for (int i = 0; i < Each; i++)
            {
                counters.Add(Counter.Send);
                counters.Add(Counter.ByteOut, 3);
            }
        }
    }
}
