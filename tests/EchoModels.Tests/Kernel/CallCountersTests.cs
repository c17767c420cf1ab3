using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Kernel;

public sealed class CallCountersTests
{
    private static readonly SocketHandle Socket = new(7, new Token(1, 1));

    [Fact]
    public void Begins_at_zero() =>
        Assert.All(Enum.GetValues<Counter>(), counter => Assert.Equal(0, new CallCounters().Read()[counter]));

    [Fact]
    public void Counts_calls_bytes_messages_and_calls_that_would_block()
    {
        CallCounters counters = new();
        Report(counters, SystemCall.Receive, 5);
        Report(counters, SystemCall.Receive, 0); // the end of the stream
        Report(counters, SystemCall.Receive, -1, errno: 11);
        Report(counters, SystemCall.Receive, -1, errno: 104);
        Report(counters, SystemCall.Send, 4);
        Report(counters, SystemCall.Accept, -1, errno: 11);
        Report(counters, SystemCall.EpollWait, -1, errno: 11); // transfers no bytes

        CallTotals totals = counters.Read();
        Assert.Equal((4, 1, 5), (totals[Counter.Receive], totals[Counter.Message], totals[Counter.ByteIn]));
        Assert.Equal((1, 4), (totals[Counter.Send], totals[Counter.ByteOut]));
        Assert.Equal((1, 1, 2), (totals[Counter.Accept], totals[Counter.Wait], totals[Counter.WouldBlock]));
    }

    [Theory]
    [InlineData(SystemCall.EpollWait)]
    [InlineData(SystemCall.Poll)]
    [InlineData(SystemCall.Select)]
    [InlineData(SystemCall.SocketSelect)]
    [InlineData(SystemCall.SignalTimedWait)]
    [InlineData(SystemCall.KernelEvent)]
    public void Counts_every_wait(SystemCall wait)
    {
        CallCounters counters = new();
        Report(counters, wait, 3);

        Assert.Equal((1, 3), (counters.Read()[Counter.Wait], counters.Read().Sum(wait)));
    }

    [Fact]
    public void Does_not_count_the_datagram_of_a_waker_as_traffic()
    {
        CallCounters counters = new();
        SocketHandle waker = new(8, Token.Waker);
        counters.Ended(new Call(SystemCall.Send, waker, 1), 1, 0);
        counters.Ended(new Call(SystemCall.Receive, waker, 1), 1, 0);

        CallTotals totals = counters.Read();
        Assert.Equal((1, 0, 0, 0), (totals[Counter.Wake], totals[Counter.Send], totals[Counter.Receive], totals[Counter.ByteOut]));
    }

    /// <summary>The runtime makes system calls of its own for what is awaited: their number is not known in any period that includes one.</summary>
    [Fact]
    public void Returns_no_count_for_the_calls_of_the_runtime_in_a_period_in_which_async_served()
    {
        CallCounters counters = new();
        Report(counters, SystemCall.Accept, 9);
        CallTotals before = counters.Read();
        counters.Began(new Call(SystemCall.ReceiveAsync, Socket));
        CallTotals during = counters.Read().Since(before);
        counters.Ended(new Call(SystemCall.ReceiveAsync, Socket), 0, 0);
        CallTotals after = counters.Read();
        Report(counters, SystemCall.Accept, 9);
        CallTotals later = counters.Read().Since(after);

        Assert.Equal((1L, null, null, null, 0L), (during[Counter.Await], during.Known(Counter.Accept), during.Known(Counter.Wait), during.Known(Counter.WouldBlock), during.Known(Counter.Send)));
        Assert.Null(counters.Read().Known(Counter.Accept));
        Assert.Equal((1L, 0L), (later.Known(Counter.Accept), later.Known(Counter.Wait)));
    }

    [Fact]
    public void Returns_no_count_of_the_sends_after_async_has_sent()
    {
        CallCounters counters = new();
        counters.Began(new Call(SystemCall.SendAsync, Socket, 1));
        counters.Ended(new Call(SystemCall.SendAsync, Socket, 1), 1, 0);

        CallTotals totals = counters.Read();
        Assert.Equal((1L, null, 1L, 1L), (totals[Counter.Await], totals.Known(Counter.Send), totals[Counter.ByteOut], totals.Calls(SystemCall.SendAsync)));
    }

    [Fact]
    public void Adds_up_the_counts_of_many_threads_exactly_also_after_they_have_ended()
    {
        const int Threads = 8;
        const int Each = 500_000;
        CallCounters counters = new();
        CallCounters others = new();
        using Barrier together = new(Threads);
        List<BackgroundWork> threads = [.. Enumerable.Range(0, Threads).Select(i => BackgroundWork.Start(() => Count(ends: i % 2 == 0)))];
        foreach (BackgroundWork thread in threads)
            thread.Wait();

        CallTotals totals = counters.Read();
        Assert.Equal((Threads * Each, 3L * Threads * Each, 0), (totals[Counter.Send], totals[Counter.ByteOut], totals[Counter.Receive]));
        Assert.Equal(Threads * 5, others.Read()[Counter.Send]);

        void Count(bool ends)
        {
            together.SignalAndWait(Limit.Generous);
            for (int i = 0; i < Each; i++)
            {
                Report(counters, SystemCall.Send, 3);
                if (i % (Each / 5) == 0)
                    Report(others, SystemCall.Send, 1); // a thread that counts with two sets of counters
            }

            if (ends)
                counters.ThreadEnded();
        }
    }

    [Fact]
    public void Reports_nothing_twice_when_a_thread_reports_twice_that_it_has_ended()
    {
        CallCounters counters = new();
        Report(counters, SystemCall.Send, 3);
        counters.ThreadEnded();
        counters.ThreadEnded();
        Report(counters, SystemCall.Send, 3); // and the thread continues

        Assert.Equal((2, 6), (counters.Read()[Counter.Send], counters.Read()[Counter.ByteOut]));
    }

    private static void Report(CallCounters counters, SystemCall kind, long result, int errno = 0)
    {
        Call call = new(kind, Socket);
        counters.Began(in call);
        counters.Ended(in call, result, errno);
    }
}
