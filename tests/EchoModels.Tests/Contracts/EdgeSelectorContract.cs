using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>What every edge-triggered selector returns: each change once.</summary>
[Slow]
public sealed class EdgeSelectorContract : IDisposable
{
    private static readonly Token Token = new(5, 7);

    private readonly Socket _near;
    private readonly Socket _far;

    public EdgeSelectorContract() => (_near, _far) = TestSockets.Pair();

    public static TheoryData<string> Rows => [.. Names];

    private static IEnumerable<string> Names =>
        SelectorTable.Dedicated.Where(row => row.IsEdgeTriggered && SelectorProbe.UnavailableReason(row) is null).Select(row => row.Name);

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    [Fact]
    public void Is_tested_for_every_edge_triggered_selector_of_Linux()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "this system is not Linux");
        Assert.Equal(["epoll-edge", "signal"], Names);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_each_arrival_once_although_nothing_is_read(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read | Interest.EndOrUrgent, Token);
        DiscardInitialEvents(test);
        for (int i = 0; i < 3; i++)
        {
            _far.Send([1]);
            test.AssertReady(Token, Interest.Read);
            test.AssertNotReady();
        }
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_the_end_of_the_stream(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read | Interest.EndOrUrgent, Token);
        DiscardInitialEvents(test);
        _far.Shutdown(SocketShutdown.Send);
        test.AssertReady(Token, Interest.Read | Interest.EndOrUrgent);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_nothing_for_a_removed_socket_which_can_be_added_again(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        DiscardInitialEvents(test);
        test.Selector.Remove(_near);
        _far.Send([1]);
        test.AssertNotReady();
        test.Selector.Add(_near, Interest.Read, new Token(9, 9));
        DiscardInitialEvents(test);
        _far.Send([1]);
        test.AssertReady(new Token(9, 9), Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Ends_its_wait_when_it_is_woken_or_was_woken_before(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Wake();
        test.Ready(Timeout.Infinite); // on this thread: a signal is sent to the thread that has opened the selector
        using Timer later = new(_ => test.Selector.Wake(), null, 50, Timeout.Infinite);
        test.Ready(Timeout.Infinite); // on this thread: a signal is sent to the thread that has opened the selector
    });

    /// <summary>epoll returns what is ready when it is added, and a signal is sent only for what happens afterwards.</summary>
    private static void DiscardInitialEvents(TestSelector test)
    {
        while (test.Ready(milliseconds: 20).Count > 0)
            continue;
    }
}
