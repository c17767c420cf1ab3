using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>Blocking models have blocking sockets, and the others do not, whichever model served before: O_NONBLOCK in /proc.</summary>
public sealed class BlockingFlagTests
{
    private const int O_NONBLOCK = 0x800;

    [Theory]
    [InlineData("blocking", true)]
    [InlineData("threads", true)]
    [InlineData("busy-poll", false)]
    [InlineData("select", false)]
    [InlineData("poll", false)]
    [InlineData("epoll", false)]
    public void Sets_every_socket_blocking_or_not_after_a_switch(string model, bool blocks) => TestServer.Run("epoll", server =>
    {
        Peer adopted = server.Connect();
        adopted.Exchange(10);
        server.Switch("threads");
        server.Switch("busy-poll");
        server.Switch(model);
        adopted.Exchange(10);

        Assert.Equal(blocks, Blocks(server.Sockets.Listeners[0].Socket));
        foreach (Connection connection in server.Sockets)
            Assert.Equal(blocks, Blocks(connection.Socket));

        adopted.Close();
        Peer later = server.Connect();
        later.Exchange(10);
        foreach (Connection connection in server.Sockets)
            Assert.Equal(blocks, Blocks(connection.Socket));
    });

    /// <summary>Otherwise a child process with the same socket would get EAGAIN, and lose its unsent bytes.</summary>
    [Fact]
    public void Leaves_a_socket_blocking_when_it_is_shut_down() => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        server.Switch(FakeModel.Row("holder", (sockets, stop) =>
        {
            sockets.SetBlocking(true);
            sockets.ReportStarted();
            stop.WaitHandle.WaitOne();
        }));
        Connection connection = server.Single;
        server.Sockets.Kernel.Shutdown(connection.Socket, SocketShutdown.Receive);
        Assert.True(Blocks(connection.Socket));
        server.Sockets.Kernel.Shutdown(connection.Socket, SocketShutdown.Send);
        Assert.True(Blocks(connection.Socket));
        peer.ReceiveToEnd();
    });

    private static bool Blocks(SocketHandle socket)
    {
        string line = File.ReadLines($"/proc/self/fdinfo/{socket.Number}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        int flags = Convert.ToInt32(line["flags:".Length..].Trim(), 8);
        return (flags & O_NONBLOCK) == 0;
    }
}
