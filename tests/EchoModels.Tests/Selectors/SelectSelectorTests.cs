using System.Net.Sockets;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Selectors;

/// <summary>What only select(2) has to do: refuse a descriptor of 1,024 or more.</summary>
public sealed class SelectSelectorTests
{
    private const int End = 1_024;

    [Fact]
    public void Is_never_a_fallback()
    {
        Assert.DoesNotContain(SelectorTable.Rows, row => row.Name == "select-fdset");
        Assert.DoesNotContain(SelectorTable.From(SelectorTable.Find("epoll")), row => row.Name == "select-fdset");
        Assert.Equal(["select-fdset"], SelectorTable.From(SelectorTable.Find("select-fdset")).Select(row => row.Name));
    }

    [Fact]
    public void Watches_1023_and_neither_1024_nor_any_beyond() => TestSelector.Run("select-fdset", test =>
    {
        using DescriptorHolder held = new(End + 2);
        Assert.All(held.Sockets, socket => Assert.Equal(socket.Handle < End, test.Selector.CanWatch(socket)));
        Socket last = held.Sockets.Last(socket => socket.Handle < End);
        Token token = new(1, 1);
        test.Selector.Add(last, Interest.Read, token);
        TestSockets.SendTo(last);
        test.AssertReady(token, Interest.Read);
        test.Selector.Remove(last);

        IOException refusal = Assert.Throws<IOException>(
            () => test.Selector.Add(held.Sockets.First(socket => socket.Handle >= End), Interest.Read, token));
        Assert.Contains(" 1024 ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(" 1023", refusal.Message, StringComparison.Ordinal);
        test.AssertNotReady();
    });

    [Fact]
    public void Cannot_be_opened_when_its_waker_gets_no_low_descriptor()
    {
        LeakCheck before = LeakCheck.Now();
        using (DescriptorHolder held = new(End))
        {
            Assert.Contains("fd_set", SelectorProbe.UnavailableReason(SelectorTable.Find("select-fdset")), StringComparison.Ordinal);
            Assert.Null(SelectorProbe.UnavailableReason(SelectorTable.Find("select")));
        }

        before.AssertNothingIsLeft();
    }

    [Fact]
    public void Closes_new_connections_from_descriptor_1024_on_and_serves_the_others() => TestServer.Run("select-fdset", server =>
    {
        Peer served = server.Connect();
        served.Exchange(100);
        using (DescriptorHolder held = new(End))
        {
            for (int i = 0; i < 3; i++)
                server.Connect().ReceiveToEnd();

            server.AwaitClosed(3);
            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Limit, reason));
            served.Exchange(20_000);
        }

        Peer later = server.Connect();
        later.Exchange(100);
        later.Close();
        served.Close();
    });

    [Fact]
    public void Refuses_a_switch_with_a_connection_past_1023_which_stays_open() => TestServer.Run("epoll", server =>
    {
        Peer low = server.Connect();
        low.Exchange(100);
        DescriptorHolder held = new(End);
        Peer high = server.Connect();
        high.Exchange(100);
        held.Dispose(); // the waker gets a low number again, the connection keeps its own

        SwitchRefusedException refusal = Assert.Throws<SwitchRefusedException>(() => server.Switch("select-fdset"));

        Assert.Contains("descriptor", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("1023", refusal.Message, StringComparison.Ordinal);
        low.Exchange(1_000);
        high.Exchange(1_000);
        Assert.Equal("epoll", server.Host.Serving.Name);
        Assert.Empty(server.Closed);
        high.Close();
        server.AwaitClosed(1);
        Assert.Equal("select-fdset", server.Switch("select-fdset").To);
        low.Exchange(1_000);
        low.Close();
    });

    /// <summary>Holds every free descriptor below a number.</summary>
    private sealed class DescriptorHolder : IDisposable
    {
        public DescriptorHolder(int end)
        {
            Needs.Descriptors(end + 200);
            do
                Sockets.Add(TestSockets.Datagram());
            while (Sockets[^1].Handle < end - 1);
        }

        public List<Socket> Sockets { get; } = [];

        public void Dispose()
        {
            foreach (Socket socket in Sockets)
                socket.Dispose();
        }
    }
}
