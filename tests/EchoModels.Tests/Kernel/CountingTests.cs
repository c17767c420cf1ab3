using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Metering;

public sealed class CountingTests : IDisposable
{
    private readonly CallCounters _counters = new();
    private readonly ScriptedIo _script = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer = new byte[16];

    public void Dispose() => _socket.Dispose();

    [Fact]
    public void Counts_receives_and_what_they_brought()
    {
        CountingSocketIo io = new(_script.Receives(1, 2, 3).Receives(4).Receives().ReceiveFails(SocketError.WouldBlock), _counters);
        for (int i = 0; i < 4; i++)
            io.Receive(_socket, _buffer, out _);

        Assert.Equal((4, 2, 4, 1), Counts(Counter.Receive, Counter.Message, Counter.ByteIn, Counter.WouldBlock));
    }

    [Fact]
    public void Counts_sends_and_what_they_took()
    {
        CountingSocketIo io = new(_script.SendTakes(5).SendFails(SocketError.WouldBlock).SendFails(SocketError.ConnectionReset), _counters);
        for (int i = 0; i < 3; i++)
            io.Send(_socket, _buffer, out _);

        Assert.Equal((3, 5, 1, 0), Counts(Counter.Send, Counter.ByteOut, Counter.WouldBlock, Counter.ByteIn));
    }

    [Fact]
    public void Counts_accepts_and_those_that_found_nobody()
    {
        CountingSocketIo io = new(_script, _counters);
        Assert.Null(io.Accept(_socket, blocking: false, out SocketError error));

        Assert.Equal(SocketError.WouldBlock, error);
        Assert.Equal((1, 1, 0, 0), Counts(Counter.Accept, Counter.WouldBlock, Counter.Receive, Counter.Send));
    }

    [Fact]
    public void Passes_every_answer_through()
    {
        CountingSocketIo io = new(_script.Receives(7, 8).SendTakes(2), _counters);

        Assert.Equal(2, io.Receive(_socket, _buffer, out SocketError received));
        Assert.Equal([7, 8], _buffer[..2]);
        Assert.Equal(2, io.Send(_socket, _buffer.AsSpan(0, 2), out SocketError sent));
        Assert.Equal((SocketError.Success, SocketError.Success), (received, sent));
        io.SetBlocking(_socket, true);
        Assert.Equal(42, io.Unacknowledged(_socket));
        Assert.Equal(["recv", "send", "block"], _script.Calls);
    }

    /// <summary>epoll has three changes and its bell told to the kernel; poll keeps its list itself.</summary>
    [Theory]
    [InlineData("epoll", 4)]
    [InlineData("poll", 0)]
    public void Counts_the_calls_that_a_selector_makes(string name, int changes)
    {
        (Socket near, Socket far) = Watched.Pair();
        using (near)
        using (far)
        using (CountingSelector selector = new(SelectorTable.Find(name).Open(), _counters))
        {
            selector.Add(near, Interest.Read, default);
            selector.Modify(near, Interest.Write, default);
            Assert.Equal(1, selector.Wait(10_000).Length);
            selector.Remove(near);
            selector.Wake();
            selector.Wake(); // the bell has been rung already
            Assert.Equal(0, selector.Wait(10_000).Length);
        }

        Assert.Equal((changes, 2, 1, 0), Counts(Counter.Control, Counter.Wait, Counter.Wake, Counter.Enter));
    }

    [Fact]
    public void Counts_in_a_server_what_its_clients_have_sent() => TestServer.Run(
        "epoll", new ServerOptions { Io = new CountingSocketIo(SocketIo.ForThisSystem, _counters) }, server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(100_000);
            peer.Leave();
            server.AwaitClosed(1);

            Assert.Equal((100_000, 100_000), (_counters[Counter.ByteIn], _counters[Counter.ByteOut]));
            Assert.InRange(_counters[Counter.Message], 100_000 / Connection.BufferSize, 100_000);
        });

    private (long, long, long, long) Counts(Counter first, Counter second, Counter third, Counter fourth) =>
        (_counters[first], _counters[second], _counters[third], _counters[fourth]);
}
