using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>How every selector sleeps, and how it is woken.</summary>
public sealed class WakeContract : IDisposable
{
    private static readonly Token Token = new(5, 7);

    private readonly Socket _near;
    private readonly Socket _far;

    public WakeContract() => (_near, _far) = Watched.Pair();

    public static TheoryData<string> Rows => SelectorContract.Rows;

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Only_looks_when_given_no_time(string name) => TestSelector.Run(name, test =>
    {
        Assert.Empty(test.Ready(milliseconds: 0));
        test.Selector.Add(_near, Interest.Write, Token);
        Assert.Single(test.Ready(milliseconds: 0));
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_empty_when_the_time_is_up(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        Assert.Empty(test.Ready(milliseconds: 1));
        Assert.Empty(test.Ready(milliseconds: 50));
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Sleeps_without_limit_until_a_socket_is_ready(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        using Timer later = new(_ => _far.Send([1]), null, 50, Timeout.Infinite);
        Assert.Equal(Interest.Read, Assert.Single(test.ReadyAtLast()).Value);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Does_not_sleep_when_woken_before(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Wake();
        Assert.Empty(test.ReadyAtLast());
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Ends_its_sleep_when_woken(string name) => TestSelector.Run(name, test =>
    {
        for (int i = 0; i < 5; i++)
        {
            using Timer later = new(_ => test.Selector.Wake(), null, 10, Timeout.Infinite);
            Assert.Empty(test.ReadyAtLast());
        }
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Takes_several_wakes_before_a_wait_for_one(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        for (int i = 0; i < 5; i++)
            test.Selector.Wake();

        Assert.Empty(test.ReadyAtLast());

        // A wake left over would end this wait with nothing in its hands.
        using Timer later = new(_ => _far.Send([1]), null, 50, Timeout.Infinite);
        Assert.Single(test.ReadyAtLast());
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_what_is_ready_even_when_woken(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Write, Token);
        test.Selector.Wake();
        Assert.Equal(Token, Assert.Single(test.ReadyAtLast()).Key);
        Assert.Equal(Token, Assert.Single(test.ReadyAtLast()).Key);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Loses_no_wake_of_several_threads(string name) => TestSelector.Run(name, test =>
    {
        const int Threads = 4;
        const int Wakes = 2_000;
        int asked = 0;
        int seen = 0;
        List<BackgroundWork> wakers = [.. Enumerable.Range(0, Threads).Select(_ => BackgroundWork.Begin(Wake))];

        // Whatever was asked before a wake is seen after it: were one lost, this would sleep for ever.
        Limit.Run(Limit.Generous, "waiting for the last wake", () =>
        {
            while (seen < Threads * Wakes)
            {
                test.Selector.Wait(Timeout.Infinite);
                seen = Volatile.Read(ref asked);
            }
        });

        foreach (BackgroundWork waker in wakers)
            waker.Done();

        void Wake()
        {
            for (int i = 0; i < Wakes; i++)
            {
                Interlocked.Increment(ref asked);
                test.Selector.Wake();
            }
        }
    });
}
