using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;
using EchoModels.Processes;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Processes;

/// <summary>What recv and send have returned, computed from the kernel's numbers: to the byte, in every state of a connection.</summary>
public sealed class TcpInfoTests : IDisposable
{
    private const int Queue = 8 * 1024;

    private static readonly IKernel Kernel = TestKernel.Open();

    private readonly Listener _listener = TestKernel.Listen(backlog: 16);
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = Queue };
    private readonly SocketSet _set;
    private readonly Connection _connection;
    private readonly ChildConnection _child;
    private long _received;
    private long _sent;

    public TcpInfoTests()
    {
        _set = new SocketSet([_listener], Kernel);
        _client.Connect(_listener.EndPoint);
        Assert.True(_set.TryAccept(_listener, out Connection? connection));
        _connection = connection;
        _child = new ChildConnection(connection, 0, default);
        _set.SetBlocking(false);
    }

    public void Dispose()
    {
        _client.Dispose();
        _set.Dispose();
    }

    [Fact]
    public void Counts_nothing_on_a_connection_on_which_nothing_was_sent() => AssertRight();

    [Fact]
    public void Counts_what_was_received_and_not_what_has_only_arrived()
    {
        Arrive(100);
        AssertRight();
        Receive(60);
        AssertRight();
        Send(1_000);
        AssertRight();
    }

    [Fact]
    public void Does_not_count_the_end_of_the_clients_stream()
    {
        Arrive(100);
        _client.Shutdown(SocketShutdown.Send);
        AwaitState(Libc.TCP_CLOSE_WAIT);
        AssertRight();
        Receive(100);
        AssertRight();
        Assert.Equal(0, Kernel.Receive(_connection.Socket, new byte[1], out _));
        AssertRight();
    }

    [Fact]
    public void Does_not_count_the_end_of_the_servers_stream()
    {
        Send(10);
        ShutdownSend();
        Assert.Equal(10, _client.Receive(new byte[100]));
        AssertRight();
        _client.Shutdown(SocketShutdown.Send);
        AwaitState(Libc.TCP_CLOSE);
        AssertRightAtTheEnd();
    }

    [Fact]
    public void Counts_what_waits_for_a_client_that_does_not_read_and_not_the_end_after_it()
    {
        SendUntilBlocked();
        AssertRight();
        ShutdownSend();
        AssertRight();
        Reset();
        AssertRightAtTheEnd();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    [InlineData(100)]
    public void Is_right_after_a_reset(int received)
    {
        Arrive(100);
        Receive(received);
        Reset();
        AssertRightAtTheEnd();
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(60, false)]
    [InlineData(100, false)]
    [InlineData(0, true)]
    [InlineData(60, true)]
    [InlineData(100, true)]
    public void Is_right_after_a_reset_that_follows_the_end_of_the_stream(int received, bool sendsAgain)
    {
        Arrive(100);
        Receive(received);
        _client.Dispose();
        AwaitState(Libc.TCP_CLOSE_WAIT);
        Send(10);
        AwaitState(Libc.TCP_CLOSE);
        if (sendsAgain) // as a child process does
            Assert.Equal(-1, Kernel.Send(_connection.Socket, new byte[1], out _));

        AssertRightAtTheEnd();
    }

    [Fact]
    public void Returns_nothing_for_a_reset_connection_that_may_still_be_in_use()
    {
        Arrive(100);
        Reset();
        Assert.Null(TcpInfo.SoFar(Kernel.Linux!, _child));
        Assert.Equal(100, Kernel.Receive(_connection.Socket, new byte[100], out _)); // everything has arrived
    }

    private void Arrive(int count)
    {
        _client.Send(new byte[count]);
        Limit.Until(() => _connection.Available() == count, $"{count} bytes arrive");
    }

    private void Receive(int count)
    {
        if (count > 0)
            _received += Kernel.Receive(_connection.Socket, new byte[count], out _);
    }

    private void Send(int count) => _sent += Kernel.Send(_connection.Socket, new byte[count], out _);

    private void SendUntilBlocked()
    {
        TestKernel.SetQueues(_connection.Socket, Queue);
        for (SocketError error = SocketError.Success; error == SocketError.Success; Thread.Sleep(10))
            _sent += Math.Max(0, Kernel.Send(_connection.Socket, new byte[10 * Queue], out error));
    }

    private void Reset()
    {
        _client.LingerState = new LingerOption(true, 0);
        _client.Dispose();
        AwaitState(Libc.TCP_CLOSE);
    }

    private void AwaitState(byte state) => Limit.Until(() => Kernel.Linux!.ReadTcpInfo(_connection.Socket)?.State == state, $"TCP state {state}");

    private void ShutdownSend()
    {
        _child.HasShutdownSend = true;
        Kernel.Shutdown(_connection.Socket, SocketShutdown.Send);
    }

    private void AssertRight()
    {
        Assert.Equal(new ByteCount(_received, _sent), TcpInfo.SoFar(Kernel.Linux!, _child));
        if (!_child.HasShutdownSend)
            Assert.Equal(_sent, TcpInfo.Sent(Kernel.Linux!, _connection.Socket));

        AssertRightAtTheEnd();
    }

    private void AssertRightAtTheEnd() => Assert.Equal(new ByteCount(_received, _sent), TcpInfo.AtTheEnd(Kernel.Linux!, _child));
}
