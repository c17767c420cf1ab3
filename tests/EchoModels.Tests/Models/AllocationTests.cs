using System.Net.Sockets;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>Once warm, a loop allocates nothing for a message.</summary>
[Slow]
public sealed class AllocationTests
{
    private const int Messages = 10_000;

    [Theory]
    [InlineData("busy-poll")]
    [InlineData("select-fdset")]
    [InlineData("poll")]
    [InlineData("epoll")]
    [InlineData("epoll-edge")]
    [InlineData("epoll-loops")]
    [InlineData("signal")]
    [InlineData("io-uring")]
    [InlineData("io-uring-loops")]
    public void Allocates_nothing_for_a_message(string model) => TestServer.Run(model, server =>
    {
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        (client.NoDelay, client.ReceiveTimeout) = (true, 20_000);
        client.Connect(server.EndPoints[0]);
        byte[] message = new byte[64];
        Exchange(client, message, 1_000);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Exchange(client, message, Messages);

        // All threads are counted: the few kilobytes of another thread must not fail the test.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, Messages * 8);
    });

    private static void Exchange(Socket client, byte[] message, int times)
    {
        for (int i = 0; i < times; i++)
        {
            client.Send(message);
            for (int got = 0; got < message.Length;)
                got += client.Receive(message);
        }
    }
}
