using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>One client at a time; the others wait.</summary>
public sealed class BlockingServerTests
{
    [Fact]
    public void Counts_the_waiting_clients_among_those_it_takes_over() => TestServer.Run("epoll", server =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(100);

        server.Switch("blocking");
        for (int i = 0; i < peers.Length; i++)
        {
            peers[i].Exchange(100);
            Assert.Equal(peers.Length - 1 - i, server.Sockets.Waiting);
            if (i < 2)
                peers[i].Close();
            else
                break;
        }

        server.Switch("epoll");
        Assert.Equal(0, server.Sockets.Waiting);
        foreach (Peer peer in peers[2..])
            peer.Exchange(100);
    });
}
