using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>What every level-triggered selector returns, and when.</summary>
public sealed class SelectorContract : IDisposable
{
    private static readonly Token Token = new(5, 7);

    private readonly Socket _near;
    private readonly Socket _far;

    public SelectorContract() => (_near, _far) = TestSockets.Pair();

    /// <summary>Every available selector that is level-triggered.</summary>
    public static TheoryData<string> Rows => [.. Names];

    internal static IReadOnlyList<string> Names { get; } =
        [.. SelectorTable.Rows.Concat(SelectorTable.Dedicated).Where(IsLevelTriggeredHere).Select(row => row.Name)];

    private static bool IsLevelTriggeredHere(SelectorRow row) => !row.IsEdgeTriggered && SelectorProbe.UnavailableReason(row) is null;

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    /// <summary>Written out: the contract runs for whatever is available, so a selector that ceases to be available fails here.</summary>
    [Fact]
    public void Is_tested_for_every_level_triggered_selector_of_Linux()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "this system is not Linux");
        Assert.Equal(["epoll", "poll", "select", "select-fdset"], Names);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_nothing_until_bytes_arrive_and_then_readable(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        test.AssertNotReady();
        _far.Send([1]);
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_readable_again_and_again_until_everything_has_been_read(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        _far.Send([1, 2]);
        test.AssertReady(Token, Interest.Read);
        test.AssertReady(Token, Interest.Read);
        _near.Receive(new byte[1]);
        test.AssertReady(Token, Interest.Read);
        _near.Receive(new byte[1]);
        test.AssertNotReady();
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_writable_when_there_is_room(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Write, Token);
        test.AssertReady(Token, Interest.Write);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_writable_only_after_the_peer_has_read(string name) => TestSelector.Run(name, test =>
    {
        TestSockets.Fill(_near);
        test.Selector.Add(_near, Interest.Write, Token);
        test.AssertNotReady();

        byte[] buffer = new byte[256 * 1024];
        for (int i = 0; i < 1_000 && test.Ready(milliseconds: 1).Count == 0; i++)
            _far.Receive(buffer);

        test.AssertReady(Token, Interest.Write);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_readable_and_writable_for_one_socket(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read | Interest.Write, Token);
        _far.Send([1]);
        Assert.True(_near.Poll(10_000_000, SelectMode.SelectRead));
        test.AssertReady(Token, Interest.Read | Interest.Write);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_nothing_for_a_socket_without_interest(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.None, Token);
        _far.Send([1]);
        test.AssertNotReady();
        test.Selector.Modify(_near, Interest.Read, Token);
        test.AssertReady(Token, Interest.Read);
        test.Selector.Modify(_near, Interest.None, Token);
        test.AssertNotReady();
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Follows_a_change_of_interest(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        test.AssertNotReady();
        test.Selector.Modify(_near, Interest.Write, Token);
        test.AssertReady(Token, Interest.Write);
        test.Selector.Modify(_near, Interest.Read, Token);
        test.AssertNotReady();
        _far.Send([1]);
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_nothing_for_a_removed_socket_which_can_be_added_again(string name) => TestSelector.Run(name, test =>
    {
        _far.Send([1]);
        test.Selector.Add(_near, Interest.Read, Token);
        test.AssertReady(Token, Interest.Read);
        test.Selector.Remove(_near);
        test.AssertNotReady();
        test.Selector.Add(_near, Interest.Read, new Token(9, 9));
        test.AssertReady(new Token(9, 9), Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_readable_at_the_end_of_the_stream(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        _far.Shutdown(SocketShutdown.Send);
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_readable_after_a_hang_up(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        _near.Shutdown(SocketShutdown.Send);
        _far.Dispose();
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_readable_after_a_reset(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        TestSockets.Reset(_far);
        test.AssertReady(Token, Interest.Read);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_writable_after_a_reset(string name) => TestSelector.Run(name, test =>
    {
        TestSockets.Fill(_near);
        test.Selector.Add(_near, Interest.Write, Token);
        test.AssertNotReady();
        TestSockets.Reset(_far);
        test.AssertReady(Token, Interest.Write);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_readable_for_a_listener_with_a_client_in_its_backlog(string name) => TestSelector.Run(name, test =>
    {
        using Socket listener = TestSockets.Listening();
        test.Selector.Add(listener, Interest.Read, Token);
        test.AssertNotReady();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        test.AssertReady(Token, Interest.Read);
        listener.Accept().Dispose();
        test.AssertNotReady();
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_tokens_intact(string name) => TestSelector.Run(name, test =>
    {
        _far.Send([1]);
        foreach (Token token in (Token[])[new(0, 0), new(0, int.MaxValue), new(int.MaxValue, 0), new(77, -2), new(1, int.MinValue)])
        {
            test.Selector.Add(_near, Interest.Read, token);
            test.AssertReady(token, Interest.Read);
            test.Selector.Remove(_near);
        }
    });
}
