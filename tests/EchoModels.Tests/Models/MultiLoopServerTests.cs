using System.Net;
using System.Net.Sockets;
using EchoModels.EventLoops;
using EchoModels.Models;
using EchoModels.Selectors;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>Several loops: all of them, or none.</summary>
public sealed class MultiLoopServerTests
{
    [Fact]
    public void Accepts_no_client_if_one_of_its_loops_cannot_start()
    {
        HostServices services = new([new IPEndPoint(IPAddress.Loopback, 0)], backlog: 8);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(services.Sockets.Listeners[0].EndPoint);
        int made = 0;
        MultiLoopServer server = new(loops: 3, sockets => ++made < 3
            ? new LevelTriggeredLoop(sockets, SelectorFactory.OpenAny(sockets.Kernel))
            : throw new IOException("there is no third one"));

        IOException refusal = Assert.Throws<IOException>(() => server.Serve(services.Sockets, CancellationToken.None));

        Assert.Equal("there is no third one", refusal.Message);
        Assert.Equal(0, services.Sockets.AcceptedCount);
        services.Sockets.Dispose();
    }
}
