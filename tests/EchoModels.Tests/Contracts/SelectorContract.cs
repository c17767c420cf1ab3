using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>What every selector answers.</summary>
public sealed class SelectorContract : IDisposable
{
    private static readonly Token Token = new(5, 7);

    private readonly Socket _near;
    private readonly Socket _far;

    public SelectorContract() => (_near, _far) = Watched.Pair();

    /// <summary>All that can be had here, but for the one that is not level-triggered.</summary>
    public static TheoryData<string> Rows =>
        [.. SelectorTable.Rows.Concat(SelectorTable.Dedicated).Where(IsLevelTriggeredHere).Select(row => row.Name)];

    private static bool IsLevelTriggeredHere(SelectorRow row) => row.Name != "epoll-edge" && SelectorTable.UnavailableReason(row) is null;

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Can_be_had_here(string name) => Assert.Null(SelectorTable.UnavailableReason(SelectorTable.Find(name)));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Is_silent_until_bytes_come_and_then_tells_it(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        test.AssertSilent();
        _far.Send([1]);
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_again_what_stays_ready_and_ceases_when_it_is_read(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        _far.Send([1, 2]);
        test.AssertReady(Token, Interest.Read);
        test.AssertReady(Token, Interest.Read);
        _near.Receive(new byte[1]);
        test.AssertReady(Token, Interest.Read);
        _near.Receive(new byte[1]);
        test.AssertSilent();
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_that_there_is_room_to_write(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Write, Token);
        test.AssertReady(Token, Interest.Write);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_of_room_only_when_the_peer_has_read(string name) => TestSelector.Run(name, test =>
    {
        Watched.Fill(_near);
        test.Selector.Add(_near, Interest.Write, Token);
        test.AssertSilent();

        byte[] buffer = new byte[256 * 1024];
        for (int i = 0; i < 1_000 && test.Ready(milliseconds: 1).Count == 0; i++)
            _far.Receive(buffer);

        test.AssertReady(Token, Interest.Write);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_both_of_one_that_can_be_read_and_written(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read | Interest.Write, Token);
        _far.Send([1]);
        Assert.True(_near.Poll(10_000_000, SelectMode.SelectRead));
        test.AssertReady(Token, Interest.Read | Interest.Write);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Keeps_a_socket_without_interest_silent(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.None, Token);
        _far.Send([1]);
        test.AssertSilent();
        test.Selector.Modify(_near, Interest.Read, Token);
        test.AssertReady(Token, Interest.Read);
        test.Selector.Modify(_near, Interest.None, Token);
        test.AssertSilent();
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Follows_a_change_of_interest_and_of_token(string name) => TestSelector.Run(name, test =>
    {
        Token other = new(6, 8);
        test.Selector.Add(_near, Interest.Read, Token);
        test.AssertSilent();
        test.Selector.Modify(_near, Interest.Write, other);
        test.AssertReady(other, Interest.Write);
        test.Selector.Modify(_near, Interest.Read, Token);
        test.AssertSilent();
        _far.Send([1]);
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Forgets_a_removed_socket_and_takes_it_again(string name) => TestSelector.Run(name, test =>
    {
        _far.Send([1]);
        test.Selector.Add(_near, Interest.Read, Token);
        test.AssertReady(Token, Interest.Read);
        test.Selector.Remove(_near);
        test.AssertSilent();
        test.Selector.Add(_near, Interest.Read, new Token(9, 9));
        test.AssertReady(new Token(9, 9), Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_an_end_of_stream_as_readable(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        _far.Shutdown(SocketShutdown.Send);
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_a_hang_up_to_one_that_reads(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        _near.Shutdown(SocketShutdown.Send);
        _far.Dispose();
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_a_reset_to_one_that_reads(string name) => TestSelector.Run(name, test =>
    {
        test.Selector.Add(_near, Interest.Read, Token);
        Watched.Reset(_far);
        test.AssertReady(Token, Interest.Read);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_a_reset_to_one_that_writes(string name) => TestSelector.Run(name, test =>
    {
        Watched.Fill(_near);
        test.Selector.Add(_near, Interest.Write, Token);
        test.AssertSilent();
        Watched.Reset(_far);
        test.AssertReady(Token, Interest.Write);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tells_that_a_client_waits_at_a_listener(string name) => TestSelector.Run(name, test =>
    {
        using Socket listener = Watched.Listening();
        test.Selector.Add(listener, Interest.Read, Token);
        test.AssertSilent();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        test.AssertReady(Token, Interest.Read);
        listener.Accept().Dispose();
        test.AssertSilent();
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Returns_tokens_intact(string name) => TestSelector.Run(name, test =>
    {
        _far.Send([1]);
        test.Selector.Add(_near, Interest.Read, default);
        foreach (Token token in (Token[])[new(0, 0), new(0, int.MaxValue), new(int.MaxValue, 0), new(77, -2), new(1, int.MinValue)])
        {
            test.Selector.Modify(_near, Interest.Read, token);
            test.AssertReady(token, Interest.Read);
        }
    });
}
