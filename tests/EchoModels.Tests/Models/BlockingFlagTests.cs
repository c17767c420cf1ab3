using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>A model that says it blocks really blocks, whoever had the sockets before: the kernel's own word for it.</summary>
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
    public void Blocks_or_does_not_after_a_switch_as_the_model_says(string model, bool blocks) => TestServer.Run("epoll", server =>
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

        adopted.Leave();
        Peer newcomer = server.Connect();
        newcomer.Exchange(10);
        foreach (Connection connection in server.Sockets)
            Assert.Equal(blocks, Blocks(connection.Socket));
    });

    /// <summary>Or else a child process that has the same socket would meet EAGAIN, and lose what it has not sent.</summary>
    [Fact]
    public void Blocks_still_when_its_input_is_ended() => TestServer.Run("epoll", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(10);
        server.Switch(FakeModel.Row("nobody", (sockets, stop) =>
        {
            sockets.SetBlocking(true);
            sockets.ReportStarted();
            stop.WaitHandle.WaitOne();
        }));
        Connection connection = server.Accepted.Single();
        connection.ShutdownReceive();
        Assert.True(Blocks(connection.Socket));
        connection.ShutdownSend();
        Assert.True(Blocks(connection.Socket));
        peer.HearEnd();
    });

    private static bool Blocks(Socket socket)
    {
        string line = File.ReadLines($"/proc/self/fdinfo/{socket.Handle}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        int flags = Convert.ToInt32(line["flags:".Length..].Trim(), 8);
        return (flags & O_NONBLOCK) == 0;
    }
}
