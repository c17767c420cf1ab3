using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Posix;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Connections;

/// <summary>What an accept admits, and when a listener backs off.</summary>
public sealed class SocketSetAcceptTests : IDisposable
{
    private readonly List<Socket> _clients = [];

    public void Dispose() => _clients.ForEach(client => client.Dispose());

    [Fact]
    public void Accepts_nothing_from_an_empty_backlog()
    {
        Listener listener = TestKernel.Listen(backlog: 1);
        using SocketSet set = new([listener], TestKernel.Open());
        set.SetBlocking(false);

        Assert.False(set.TryAccept(listener, out Connection? none));
        Assert.Null(none);
        Assert.False(listener.IsBackingOff);
    }

    [Theory]
    [InlineData(SocketError.WouldBlock, false)]
    [InlineData(SocketError.Interrupted, false)]
    [InlineData(SocketError.ConnectionAborted, false)]
    [InlineData(SocketError.ConnectionReset, false)]
    [InlineData(SocketError.NotConnected, false)]
    [InlineData(SocketError.ProtocolNotSupported, false)]
    [InlineData(SocketError.HostUnreachable, false)]
    [InlineData(SocketError.TooManyOpenSockets, true)]
    [InlineData(SocketError.NoBufferSpaceAvailable, true)]
    public void Backs_the_listener_off_only_when_a_resource_is_lacking(SocketError error, bool backsOff)
    {
        ScriptedKernel kernel = new() { AcceptError = error };
        Listener listener = TestKernel.Listen(backlog: 1);
        using SocketSet set = new([listener], kernel);
        List<BackingOff> published = [];
        Subscription subscription = set.Events.Subscribe("test", happened => published.Add((BackingOff)happened));
        (bool IsBackingOff, Interest Interest) seen = default;
        Limit.WithinBackoff(listener, () =>
        {
            Assert.False(set.TryAccept(listener, out _));
            seen = (listener.IsBackingOff, listener.Interest);
        });

        Assert.Equal((backsOff, backsOff ? Interest.None : Interest.Read), seen);
        subscription.Dispose();
        Assert.Equal(backsOff, published.Count > 0);
        Assert.All(published, one => Assert.Equal(error, one.Error));
    }

    /// <summary>The errors of a connection that has gone again, of accept(2): the next one is accepted at once. All others are the system's own.</summary>
    [Theory]
    [InlineData(Errno.ECONNABORTED, false)]
    [InlineData(Errno.ECONNRESET, false)]
    [InlineData(Errno.ENOTCONN, false)]
    [InlineData(Errno.EPROTO, false)]
    [InlineData(Errno.ENOPROTOOPT, false)]
    [InlineData(Errno.EOPNOTSUPP, false)]
    [InlineData(Errno.ETIMEDOUT, false)]
    [InlineData(Errno.ENETDOWN, false)]
    [InlineData(Errno.ENETUNREACH, false)]
    [InlineData(Errno.ENONET, false)]
    [InlineData(Errno.EHOSTDOWN, false)]
    [InlineData(Errno.EHOSTUNREACH, false)]
    [InlineData(Errno.EAGAIN, false)]
    [InlineData(Errno.EINTR, false)]
    [InlineData(Errno.ECANCELED, false)]
    [InlineData(Errno.EMFILE, true)]
    [InlineData(Errno.ENFILE, true)]
    [InlineData(Errno.ENOBUFS, true)]
    [InlineData(Errno.ENOMEM, true)]
    [InlineData(Errno.EPERM, true)]
    [InlineData(Errno.EINVAL, true)]
    [InlineData(Errno.ENOSYS, true)]
    public void Backs_off_after_an_error_of_the_system_and_not_of_a_connection(int errno, bool backsOff)
    {
        Listener listener = TestKernel.Listen(backlog: 1);
        using SocketSet set = new([listener], TestKernel.Open());

        Assert.Equal(backsOff, listener.BacksOffAfter(Errno.Meaning(errno)));
    }

    [Slow]
    [Fact]
    public void Makes_no_call_during_the_backoff_and_one_after_it()
    {
        ScriptedKernel kernel = new() { AcceptError = SocketError.TooManyOpenSockets };
        Listener listener = TestKernel.Listen(backlog: 1);
        using SocketSet set = new([listener], kernel);
        int calls = 0;
        int backoff = 0;
        for (int i = 0; i < 3; i++)
        {
            Limit.WithinBackoff(listener, () =>
            {
                kernel.Calls.Clear();
                set.TryAccept(listener, out _); // fails, and begins the backoff
                set.TryAccept(listener, out _); // makes no call
                (calls, backoff) = (kernel.Calls.Count, set.BackoffMilliseconds);
            });
            Assert.Equal(1, calls);
            Assert.InRange(backoff, 1, Listener.BackoffMilliseconds);
        }

        kernel.AcceptError = SocketError.WouldBlock;
        kernel.Calls.Clear();
        Limit.Until(() => !listener.IsBackingOff, "the backoff has ended");
        set.TryAccept(listener, out _);
        Assert.Equal(["accept"], kernel.Calls);
        Assert.Equal(Timeout.Infinite, set.BackoffMilliseconds);
    }

    [Fact]
    public void Admits_no_more_than_the_maximum_when_several_threads_accept_concurrently()
    {
        const int Threads = 4;
        using Barrier together = new(Threads);
        Listener listener = TestKernel.Listen(backlog: 16);
        using SocketSet set = new([listener], new AcceptsTogether(together), new EchoPolicy { MaxConnections = 1 });
        for (int i = 0; i < 50; i++)
        {
            for (int client = 0; client < Threads; client++)
            {
                _clients.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                _clients[^1].Connect(listener.EndPoint);
            }

            List<BackgroundWork> threads = [.. Enumerable.Range(0, Threads).Select(_ => BackgroundWork.Start(() => set.TryAccept(listener, out Connection? _)))];
            threads.ForEach(thread => thread.Wait());
            Assert.Equal(1, set.Count);
            foreach (Connection admitted in set)
                set.Close(admitted, CloseReason.Idle);
        }
    }

    /// <summary>Holds each accept back until every thread has accepted a connection.</summary>
    private sealed class AcceptsTogether(Barrier barrier) : DelegatingKernel(TestKernel.Open())
    {
        public override int Accept(SocketHandle listener, bool blocking, out SocketError error)
        {
            int accepted = base.Accept(listener, blocking, out error);
            Assert.True(barrier.SignalAndWait(Limit.Generous), "not every thread accepts");
            return accepted;
        }
    }
}
