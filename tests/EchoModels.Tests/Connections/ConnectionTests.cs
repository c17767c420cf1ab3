using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Connections;

/// <summary>A connection receives only when nothing is unsent: each step of an echo, call by call.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly ScriptedKernel _kernel = new();
    private readonly SocketSet _sockets;
    private readonly byte[] _buffer = new byte[Connection.BufferSize];
    private readonly Connection _connection;

    public ConnectionTests()
    {
        _sockets = new SocketSet([], _kernel);
        _connection = _sockets.Adopt(TestKernel.Open().OpenDatagramToItself())!;
        _kernel.Calls.Clear();
    }

    public void Dispose() => _sockets.Dispose();

    [Fact]
    public void Sends_back_what_it_received()
    {
        _kernel.Receives(1, 2, 3).SendTakes(3);

        Assert.Equal(IoStatus.Progress, Step());
        Assert.Equal([1, 2, 3], _kernel.Sent);
        Assert.Equal((0, false, Interest.Read), (_connection.Unsent.Length, _connection.HasUnsent, _connection.Interest));
        Assert.Equal((3L, 1L), (_connection.BytesIn, _connection.Messages));
    }

    [Fact]
    public void Keeps_what_a_short_send_left_and_receives_nothing_before_it_is_sent()
    {
        _kernel.Receives(1, 2, 3, 4, 5).SendTakes(2).SendTakes(1).SendTakes(2).Receives(6).SendTakes(1);

        Assert.Equal(IoStatus.Progress, Step());
        Assert.Equal((3, Interest.Write), (_connection.Unsent.Length, _connection.Interest));
        Assert.Equal(IoStatus.Progress, Step());
        Assert.Equal((2, Interest.Write), (_connection.Unsent.Length, _connection.Interest));
        Assert.Equal(IoStatus.Progress, Step());
        Assert.Equal((0, Interest.Read), (_connection.Unsent.Length, _connection.Interest));
        Assert.Equal(IoStatus.Progress, Step());

        Assert.Equal(["recv", "send", "send", "send", "recv", "send"], _kernel.Calls);
        Assert.Equal([1, 2, 3, 4, 5, 6], _kernel.Sent);
    }

    [Fact]
    public void Keeps_its_unsent_bytes_although_the_buffer_is_used_for_others()
    {
        _kernel.Receives(1, 2, 3).SendTakes(1).SendTakes(2);
        Step();
        _buffer.AsSpan().Fill(99);
        Step();

        Assert.Equal([1, 2, 3], _kernel.Sent);
    }

    [Theory]
    [InlineData(SocketError.WouldBlock, IoStatus.WouldBlock)]
    [InlineData(SocketError.Interrupted, IoStatus.Progress)]
    public void Keeps_everything_when_the_send_takes_nothing_now(SocketError error, IoStatus status)
    {
        _kernel.Receives(1, 2, 3).SendFails(error).SendFails(error).SendTakes(3);

        Assert.Equal(IoStatus.Progress, Step());
        Assert.Equal(3, _connection.Unsent.Length);
        Assert.Equal(status, Step());
        Assert.Equal(3, _connection.Unsent.Length);
        Assert.Equal(IoStatus.Progress, Step());
        Assert.Equal([1, 2, 3], _kernel.Sent);
    }

    [Theory]
    [InlineData(SocketError.WouldBlock, IoStatus.WouldBlock)]
    [InlineData(SocketError.Interrupted, IoStatus.Progress)]
    public void Returns_when_nothing_can_be_received_now(SocketError error, IoStatus status)
    {
        _kernel.ReceiveFails(error);

        Assert.Equal(status, Step());
        Assert.Equal(["recv"], _kernel.Calls);
        Assert.Equal((0L, 0L), (_connection.BytesIn, _connection.Messages));
    }

    [Fact]
    public void Ends_when_the_stream_ends()
    {
        _kernel.Receives();

        Assert.Equal(IoStatus.Closed, Step());
        Assert.Equal(CloseReason.PeerClosed, _connection.CloseReason);
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.TimedOut)]
    [InlineData(SocketError.SocketError)]
    public void Ends_when_a_receive_fails(SocketError error)
    {
        _kernel.ReceiveFails(error);

        Assert.Equal(IoStatus.Closed, Step());
        Assert.Equal(CloseReason.Reset, _connection.CloseReason);
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.Shutdown)]
    public void Ends_when_a_send_fails(SocketError error)
    {
        _kernel.Receives(1).SendFails(error);

        Assert.Equal(IoStatus.Closed, Step());
        Assert.Equal(CloseReason.Reset, _connection.CloseReason);
    }

    [Fact]
    public void Ends_when_a_send_of_unsent_bytes_fails()
    {
        _kernel.Receives(1, 2).SendTakes(1).SendFails(SocketError.ConnectionReset);
        Step();

        Assert.Equal(IoStatus.Closed, Step());
        Assert.Equal(CloseReason.Reset, _connection.CloseReason);
    }

    [Fact]
    public void Sends_a_greeting_before_it_receives()
    {
        _connection.KeepUnsent("hello"u8);
        _kernel.SendTakes(5).Receives(1).SendTakes(1);
        Assert.Equal((5, Interest.Write), (_connection.Unsent.Length, _connection.Interest));
        Step();
        Step();

        Assert.Equal([.. "hello"u8, 1], _kernel.Sent);
    }

    private IoStatus Step() => _connection.Echo(_buffer);
}
