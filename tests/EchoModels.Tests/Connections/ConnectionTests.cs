using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Sockets;

/// <summary>Read only when nothing is owed: each turn of the conversation, call by call.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ScriptedIo _io = new();
    private readonly byte[] _buffer = new byte[Connection.BufferSize];
    private readonly Connection _connection;

    public ConnectionTests() => _connection = new Connection(_socket, _io, new EchoPolicy());

    public void Dispose() => _socket.Dispose();

    [Fact]
    public void Sends_back_what_it_received()
    {
        _io.Receives(1, 2, 3).SendTakes(3);

        Assert.Equal(IoStatus.Progress, Turn());
        Assert.Equal([1, 2, 3], _io.Sent);
        Assert.Equal((0, false, Interest.Read), (_connection.UnsentBytes, _connection.HasUnsent, _connection.Interest));
        Assert.Equal((3L, 1L), (_connection.BytesIn, _connection.Messages));
    }

    [Fact]
    public void Owes_what_a_short_send_left_and_receives_nothing_before_it_is_sent()
    {
        _io.Receives(1, 2, 3, 4, 5).SendTakes(2).SendTakes(1).SendTakes(2).Receives(6).SendTakes(1);

        Assert.Equal(IoStatus.Progress, Turn());
        Assert.Equal((3, Interest.Write), (_connection.UnsentBytes, _connection.Interest));
        Assert.Equal(IoStatus.Progress, Turn());
        Assert.Equal((2, Interest.Write), (_connection.UnsentBytes, _connection.Interest));
        Assert.Equal(IoStatus.Progress, Turn());
        Assert.Equal((0, Interest.Read), (_connection.UnsentBytes, _connection.Interest));
        Assert.Equal(IoStatus.Progress, Turn());

        Assert.Equal(["recv", "send", "send", "send", "recv", "send"], _io.Calls);
        Assert.Equal([1, 2, 3, 4, 5, 6], _io.Sent);
    }

    [Fact]
    public void Keeps_what_it_owes_though_the_buffer_is_used_for_others()
    {
        _io.Receives(1, 2, 3).SendTakes(1).SendTakes(2);
        Turn();
        _buffer.AsSpan().Fill(99);
        Turn();

        Assert.Equal([1, 2, 3], _io.Sent);
    }

    [Theory]
    [InlineData(SocketError.WouldBlock, IoStatus.WouldBlock)]
    [InlineData(SocketError.Interrupted, IoStatus.Progress)]
    public void Owes_everything_when_the_send_takes_nothing_for_now(SocketError error, IoStatus status)
    {
        _io.Receives(1, 2, 3).SendFails(error).SendFails(error).SendTakes(3);

        Assert.Equal(IoStatus.Progress, Turn());
        Assert.Equal(3, _connection.UnsentBytes);
        Assert.Equal(status, Turn());
        Assert.Equal(3, _connection.UnsentBytes);
        Assert.Equal(IoStatus.Progress, Turn());
        Assert.Equal([1, 2, 3], _io.Sent);
    }

    [Theory]
    [InlineData(SocketError.WouldBlock, IoStatus.WouldBlock)]
    [InlineData(SocketError.Interrupted, IoStatus.Progress)]
    public void Comes_back_later_when_nothing_can_be_received_for_now(SocketError error, IoStatus status)
    {
        _io.ReceiveFails(error);

        Assert.Equal(status, Turn());
        Assert.Equal(["recv"], _io.Calls);
        Assert.Equal((0L, 0L), (_connection.BytesIn, _connection.Messages));
    }

    [Fact]
    public void Ends_when_the_stream_ends()
    {
        _io.Receives();

        Assert.Equal(IoStatus.Closed, Turn());
        Assert.Equal(CloseReason.PeerClosed, _connection.ClosedBecause);
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.TimedOut)]
    [InlineData(SocketError.SocketError)]
    public void Ends_when_a_receive_fails(SocketError error)
    {
        _io.ReceiveFails(error);

        Assert.Equal(IoStatus.Closed, Turn());
        Assert.Equal(CloseReason.Reset, _connection.ClosedBecause);
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.Shutdown)]
    public void Ends_when_a_send_fails(SocketError error)
    {
        _io.Receives(1).SendFails(error);

        Assert.Equal(IoStatus.Closed, Turn());
        Assert.Equal(CloseReason.Reset, _connection.ClosedBecause);
    }

    [Fact]
    public void Ends_when_a_send_of_what_it_owes_fails()
    {
        _io.Receives(1, 2).SendTakes(1).SendFails(SocketError.ConnectionReset);
        Turn();

        Assert.Equal(IoStatus.Closed, Turn());
        Assert.Equal(CloseReason.Reset, _connection.ClosedBecause);
    }

    [Fact]
    public void Sends_a_greeting_before_it_receives()
    {
        _connection.KeepUnsent("hello"u8);
        _io.SendTakes(5).Receives(1).SendTakes(1);
        Assert.Equal((5, Interest.Write), (_connection.UnsentBytes, _connection.Interest));
        Turn();
        Turn();

        Assert.Equal([.. "hello"u8, 1], _io.Sent);
    }

    private IoStatus Turn() => _connection.Echo(_buffer);
}
