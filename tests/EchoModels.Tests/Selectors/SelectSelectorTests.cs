using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Selectors;

/// <summary>What is peculiar to select(2): a descriptor of 1,024 or more is refused, wherever it turns up.</summary>
public sealed class SelectSelectorTests
{
    private const int End = 1_024;

    [Fact]
    public void Is_no_ones_fallback()
    {
        Assert.DoesNotContain(SelectorTable.Rows, row => row.Name == "select-fdset");
        Assert.DoesNotContain(SelectorTable.From(SelectorTable.Find("epoll")), row => row.Name == "select-fdset");
        Assert.Equal(["select-fdset"], SelectorTable.From(SelectorTable.Find("select-fdset")).Select(row => row.Name));
    }

    [Fact]
    public void Watches_1023_and_neither_1024_nor_any_beyond() => TestSelector.Run("select-fdset", test =>
    {
        using Ballast ballast = new(End + 2);
        Assert.All(ballast.Sockets, socket => Assert.Equal(socket.Handle < End, test.Selector.CanWatch(socket)));
        Socket last = ballast.Sockets.Last(socket => socket.Handle < End);
        Token token = new(1, 1);
        test.Selector.Add(last, Interest.Read, token);
        Watched.Post(last);
        test.AssertReady(token, Interest.Read);
        test.Selector.Remove(last);

        IOException refusal = Assert.Throws<IOException>(
            () => test.Selector.Add(ballast.Sockets.First(socket => socket.Handle >= End), Interest.Read, token));
        Assert.Contains(" 1024 ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(" 1023", refusal.Message, StringComparison.Ordinal);
        test.AssertSilent();
    });

    [Fact]
    public void Cannot_be_opened_when_its_own_bell_gets_no_low_descriptor()
    {
        LeakCheck before = LeakCheck.Now();
        using (Ballast ballast = new(End))
        {
            Assert.Contains("fd_set", SelectorTable.UnavailableReason(SelectorTable.Find("select-fdset")), StringComparison.Ordinal);
            Assert.Null(SelectorTable.UnavailableReason(SelectorTable.Find("select")));
        }

        before.AssertNothingIsLeft();
    }

    [Fact]
    public void Turns_newcomers_away_from_1024_on_and_serves_the_others() => TestServer.Run("select-fdset", server =>
    {
        Peer served = server.Connect();
        served.Exchange(100);
        using (Ballast ballast = new(End))
        {
            for (int i = 0; i < 3; i++)
                server.Connect().HearEnd();

            server.AwaitClosed(3);
            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.Limit, reason));
            served.Exchange(20_000);
        }

        Peer later = server.Connect();
        later.Exchange(100);
        later.Leave();
        served.Leave();
    });

    [Fact]
    public void Cannot_be_switched_to_with_a_connection_past_1023_and_nobody_is_closed() => TestServer.Run("epoll", server =>
    {
        Peer low = server.Connect();
        low.Exchange(100);
        Ballast ballast = new(End);
        Peer high = server.Connect();
        high.Exchange(100);
        ballast.Dispose(); // the bell gets a low number again, the connection keeps its own

        SwitchRefusedException refusal = Assert.Throws<SwitchRefusedException>(() => server.Switch("select-fdset"));

        Assert.Contains("descriptor", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("1023", refusal.Message, StringComparison.Ordinal);
        low.Exchange(1_000);
        high.Exchange(1_000);
        Assert.Equal("epoll", server.Host.Serving.Name);
        Assert.Empty(server.Closed);
        high.Leave();
        server.AwaitClosed(1);
        Assert.Equal("select-fdset", server.Switch("select-fdset").To);
        low.Exchange(1_000);
        low.Leave();
    });

    /// <summary>Takes every free descriptor below a number.</summary>
    private sealed class Ballast : IDisposable
    {
        public Ballast(int end)
        {
            do
                Sockets.Add(Watched.Mailbox());
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
