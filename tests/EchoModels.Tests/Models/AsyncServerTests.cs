using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>What only async has to do: end a connection that is aborted while awaited, and survive an accept that fails.</summary>
public sealed class AsyncServerTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    [Fact]
    public void Ends_an_idle_connection_that_is_aborted() => TestServer.Run("async", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        server.Sockets.Abort(server.Single, CloseReason.Idle);
        peer.ReceiveToEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Fact]
    public void Ends_a_connection_that_is_aborted_with_unsent_bytes() => TestServer.Run("async", new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SendUntilBlocked(16 * MiB);
        server.Sockets.Abort(server.Single, CloseReason.Idle);
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Fact]
    public void Knows_the_number_of_sends_until_the_runtime_makes_one() => TestServer.Run("async", new ServerOptions { Queue = SmallQueue }, server =>
    {
        server.Connect().Exchange(100);
        Assert.NotNull(server.Totals.Known(Counter.Send));
        Peer slow = server.Connect(queue: SmallQueue);
        slow.SendUntilBlocked(16 * MiB);
        Limit.Until(() => server.Totals.Known(Counter.Send) is null, "it awaits a send");
        Assert.Null(server.Totals.Known(Counter.Accept));
        Assert.Equal(0, server.Totals.Known(Counter.Enter));
    });

    [Fact]
    public void Backs_off_a_listener_whose_accept_failed() => TestServer.Run("async", server =>
    {
        Listener listener = server.Sockets.Listeners[0];

        server.Sockets.AcceptFailed(listener, SocketError.ConnectionAborted);
        Assert.False(listener.IsBackingOff);
        bool isBackingOff = false;
        Limit.WithinBackoff(listener, () =>
        {
            server.Sockets.AcceptFailed(listener, SocketError.TooManyOpenSockets);
            isBackingOff = listener.IsBackingOff;
        });

        Assert.True(isBackingOff);
        Assert.All(server.Published<BackingOff>(), backingOff => Assert.Equal(SocketError.TooManyOpenSockets, backingOff.Error));
        Assert.NotEmpty(server.Published<BackingOff>());

        Peer peer = server.Connect();
        peer.Exchange(100);
        peer.Close();
    });
}
