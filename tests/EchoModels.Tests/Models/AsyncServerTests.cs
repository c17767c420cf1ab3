using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>What is particular to async: whoever it awaits may be ended from outside, and an accept that fails is not the end.</summary>
public sealed class AsyncServerTests
{
    private const int MiB = 1024 * 1024;
    private const int SmallQueue = 8 * 1024;

    [Fact]
    public void Ends_an_idle_connection_that_is_abortReason() => TestServer.Run("async", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        server.Accepted.Single().Abort(CloseReason.Idle);
        peer.HearEnd();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Fact]
    public void Ends_a_connection_that_is_condemned_while_it_is_owed() => TestServer.Run("async", new ServerOptions { Queue = SmallQueue }, server =>
    {
        Peer peer = server.Connect(queue: SmallQueue);
        peer.SayUntilStuck(16 * MiB);
        server.Accepted.Single().Abort(CloseReason.Idle);
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.Idle], server.Reasons);
    });

    [Fact]
    public void Knows_how_often_it_sent_until_the_runtime_sends_for_it() => TestServer.Run("async", new ServerOptions { Queue = SmallQueue }, server =>
    {
        server.Connect().Exchange(100);
        Assert.NotNull(server.CallCounters.Known(Counter.Send));
        Peer slow = server.Connect(queue: SmallQueue);
        slow.SayUntilStuck(16 * MiB);
        Limit.Until(() => server.CallCounters.Known(Counter.Send) is null, "it awaits a send");
        Assert.Null(server.CallCounters.Known(Counter.Accept));
        Assert.Equal(0, server.CallCounters.Known(Counter.Enter));
    });

    [Fact]
    public void Lets_a_listener_rest_whose_accept_failed() => TestServer.Run("async", server =>
    {
        List<SocketError> failures = [];
        server.Sockets.AcceptFailed += (_, error) => failures.Add(error);
        Listener listener = server.Sockets.Listeners[0];

        server.Sockets.Refused(listener, SocketError.ConnectionAborted);
        Assert.False(listener.IsBackingOff);
        bool rests = false;
        Limit.WithinRest(listener, () =>
        {
            failures.Clear();
            server.Sockets.Refused(listener, SocketError.TooManyOpenSockets);
            rests = listener.IsBackingOff;
        });

        Assert.True(rests);
        Assert.Equal([SocketError.TooManyOpenSockets], failures);

        Peer peer = server.Connect();
        peer.Exchange(100);
        peer.Leave();
    });
}
