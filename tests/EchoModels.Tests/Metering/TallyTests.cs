using EchoModels.Metering;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Metering;

public sealed class TallyTests
{
    [Fact]
    public void Begins_at_nought() =>
        Assert.All(Enum.GetValues<Counted>(), what => Assert.Equal(0, new Tally()[what]));

    [Fact]
    public void Keeps_each_count_apart()
    {
        Tally tally = new();
        foreach (Counted what in Enum.GetValues<Counted>())
            tally.Add(what, 1 + (int)what);

        Assert.All(Enum.GetValues<Counted>(), what => Assert.Equal(1 + (int)what, tally[what]));
    }

    [Fact]
    public void Does_not_know_what_it_has_lost_count_of()
    {
        Tally tally = new();
        tally.Add(Counted.Accept, 5);
        tally.Add(Counted.Await, 6);
        tally.LoseCount(Counted.Accept, Counted.WouldBlock);
        tally.Add(Counted.Accept);

        Assert.Equal((null, null, 0, 6),
            (tally.Known(Counted.Accept), tally.Known(Counted.WouldBlock), tally.Known(Counted.Send), tally.Known(Counted.Await)));
    }

    [Fact]
    public void Adds_up_exactly_what_many_threads_count()
    {
        const int Threads = 8;
        const int Each = 500_000;
        Tally tally = new();
        using Barrier together = new(Threads);
        List<Errand> errands = [.. Enumerable.Range(0, Threads).Select(_ => Errand.Begin(Count))];
        foreach (Errand errand in errands)
            errand.Done();

        Assert.Equal(Threads * Each, tally[Counted.Send]);
        Assert.Equal(3L * Threads * Each, tally[Counted.ByteOut]);
        Assert.Equal(0, tally[Counted.Receive]);

        void Count()
        {
            together.SignalAndWait(Limit.Generous);
            for (int i = 0; i < Each; i++)
            {
                tally.Add(Counted.Send);
                tally.Add(Counted.ByteOut, 3);
            }
        }
    }
}
