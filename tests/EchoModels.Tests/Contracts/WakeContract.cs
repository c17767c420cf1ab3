using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>How long a wait of every selector lasts, and how it is woken.</summary>
public sealed class WakeContract : IDisposable
{
    private static readonly Token Token = new(5, 7);

    private readonly Socket _near;
    private readonly Socket _far;

    public WakeContract() => (_near, _far) = TestSockets.Pair();

    public static TheoryData<string> Rows => SelectorContract.Rows;

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_at_once_with_a_timeout_of_zero(string name) => TestSelector.Run(name, test =>
    {
        Assert.Empty(test.Ready(milliseconds: 0));
        test.Selector.Add(_near, Interest.Write, Token);
        Assert.Single(test.Ready(milliseconds: 0));
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_empty_when_the_timeout_has_passed(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        Assert.Empty(test.Ready(milliseconds: 1));
        Assert.Empty(test.Ready(milliseconds: 50));
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Waits_without_a_timeout_until_a_socket_is_ready(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        using Timer later = new(_ => _far.Send([1]), null, 50, Timeout.Infinite);
        Assert.Equal(Interest.Read, Assert.Single(test.ReadyWithoutTimeout()).Value);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Does_not_wait_when_it_was_woken_before(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Wake();
        Assert.Empty(test.ReadyWithoutTimeout());
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Ends_its_wait_when_it_is_woken(string name) => TestSelector.Run(name, test =>
    {
        for (int i = 0; i < 5; i++)
        {
            using Timer later = new(_ => test.Selector.Wake(), null, 10, Timeout.Infinite);
            Assert.Empty(test.ReadyWithoutTimeout());
        }
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Treats_several_wakes_before_a_wait_as_one(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        for (int i = 0; i < 5; i++)
            test.Selector.Wake();

        Assert.Empty(test.ReadyWithoutTimeout());

        // A wake that is left over would end this wait with no event.
        using Timer later = new(_ => _far.Send([1]), null, 50, Timeout.Infinite);
        Assert.Single(test.ReadyWithoutTimeout());
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_the_ready_sockets_although_it_was_woken(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Write, Token);
        test.Selector.Wake();
        Assert.Equal(Token, Assert.Single(test.ReadyWithoutTimeout()).Key);
        Assert.Equal(Token, Assert.Single(test.ReadyWithoutTimeout()).Key);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Loses_no_wake_of_several_threads(string name) => TestSelector.Run(name, test =>
    {
        const int Threads = 4;
        const int Wakes = 2_000;
        int requested = 0;
        int seen = 0;
        List<BackgroundWork> wakers = [.. Enumerable.Range(0, Threads).Select(_ => BackgroundWork.Start(Wake))];

        // Each request precedes its wake: if a wake were lost, this would wait for ever.
        Limit.Run(Limit.Generous, "waiting for the last wake", () =>
        {
            while (seen < Threads * Wakes)
            {
                test.Selector.Wait(Timeout.Infinite);
                seen = Volatile.Read(ref requested);
            }
        });

        foreach (BackgroundWork waker in wakers)
            waker.Wait();

        void Wake()
        {
            for (int i = 0; i < Wakes; i++)
            {
                Interlocked.Increment(ref requested);
                test.Selector.Wake();
            }
        }
    });
}
