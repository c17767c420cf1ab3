using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.Client;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class PaceTests : IDisposable
{
    private const long Start = 1_000_000_000_000;

    private static readonly ClientOptions Two = new() { Server = new IPEndPoint(IPAddress.Loopback, 1), Connections = 2 };

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public void Dispose() => _socket.Dispose();

    [Fact]
    public void A_closed_loop_begins_with_a_full_pipeline_and_adds_one_message_for_each_echo()
    {
        (Pace pace, LoadConnection[] clients) = Begin(Two with { Pipeline = 3 });
        Assert.All(clients, client => Assert.Equal(3, client.Issued));

        pace.HandleEcho(clients[0], Start + 5);

        Assert.Equal(4, clients[0].Issued);
        Assert.Equal(Clock.Never, pace.NextDue);
    }

    [Fact]
    public void Nothing_is_issued_beyond_the_number_of_messages()
    {
        (Pace pace, LoadConnection[] clients) = Begin(Two with { Messages = 2, Duration = null, Pipeline = 8 });
        pace.HandleEcho(clients[0], Start + 5);

        Assert.All(clients, client => Assert.Equal(2, client.Issued));
    }

    [Fact]
    public void A_thinking_client_sends_again_when_its_pause_is_over()
    {
        (Pace pace, LoadConnection[] clients) = Begin(Two with { Think = TimeSpan.FromMilliseconds(10) });
        long due = Start + 7 + (10 * Clock.Millisecond);
        pace.HandleEcho(clients[1], Start + 7);

        Assert.Equal(due, pace.NextDue);
        Assert.False(pace.TryIssueDue(due - 1, out _));
        Assert.True(pace.TryIssueDue(due, out LoadConnection issued));
        Assert.Same(clients[1], issued);
        Assert.Equal(2, clients[1].Issued);
    }

    [Fact]
    public void An_open_loop_releases_the_clients_in_turn_when_messages_are_due()
    {
        (Pace pace, LoadConnection[] clients) = Begin(Two with { Rate = 1_000 });
        Assert.Equal(Start, pace.NextDue);
        Assert.True(pace.TryIssueDue(Start, out LoadConnection first));
        Assert.Equal(Start + Clock.Millisecond, pace.NextDue);
        Assert.False(pace.TryIssueDue(Start + Clock.Millisecond - 1, out _));
        Assert.True(pace.TryIssueDue(Start + Clock.Millisecond, out LoadConnection second));

        Assert.Equal(clients, [first, second]);
    }

    [Theory]
    [InlineData(400, 1, 200)]
    [InlineData(400, 50, 200)] // checked rarely, it loses nothing
    [InlineData(1_000, 1, 500)]
    [InlineData(3, 1, 2)]
    [InlineData(7, 20, 4)]
    public void An_open_loop_issues_each_message_when_it_is_due_and_no_other(int rate, int step, int messages)
    {
        (Pace pace, LoadConnection[] clients) = Begin(Two with { Rate = rate, Pipeline = 1_024 });
        long end = Start + (Clock.Second / 2);
        for (long now = Start; now < end; now += step * Clock.Millisecond)
        {
            IssueAllDue(pace, now);

            // Message 0 is due at once, and message n after n / rate seconds; they are due for the clients in turn.
            long due = ((now - Start) * rate / Clock.Second) + 1;
            Assert.Equal(((due + 1) / 2, due / 2), (clients[0].Issued, clients[1].Issued));
        }

        IssueAllDue(pace, end - 1);
        Assert.Equal(messages, clients.Sum(client => client.Issued));
    }

    [Fact]
    public void An_open_loop_keeps_a_message_due_whose_client_has_no_room()
    {
        (Pace pace, LoadConnection[] clients) = Begin(Two with { Rate = 1_000 });
        long late = Start + (5 * Clock.Millisecond);
        IssueAllDue(pace, late);

        Assert.All(clients, client => Assert.Equal(1, client.Issued));
        Assert.Equal([(Start + (2 * Clock.Millisecond), 1), (Start + (4 * Clock.Millisecond), 1)], pace.DueUnsent(clients[0]));
        Assert.Equal(Start + (6 * Clock.Millisecond), pace.NextDue);
    }

    /// <summary>A rate that no client can reach: each is looked at once, and every message that could not be sent is reported.</summary>
    [Fact]
    public void An_open_loop_that_lags_behind_looks_at_each_client_once_and_forgets_no_message()
    {
        (Pace pace, LoadConnection[] clients) = Begin(Two with { Rate = 10_000_000 });
        long day = Start + (24 * 60 * 60 * Clock.Second);
        Assert.Equal(2, IssueAllDue(pace, day - 1));

        const long Due = 24L * 60 * 60 * 10_000_000;
        List<(long Due, long Count)> unsent = [.. clients.SelectMany(pace.DueUnsent)];
        Assert.Equal(Due, clients.Sum(client => client.Issued) + unsent.Sum(group => group.Count));
        Assert.InRange(unsent.Count, 2, 1_000);
        Assert.Equal(Start + 200, unsent[0].Due); // the second message of the first client
        Assert.All(unsent, group => Assert.InRange(group.Due, Start, day - 1));
    }

    [Fact]
    public void An_open_loop_sends_no_more_than_the_number_of_messages()
    {
        (Pace pace, LoadConnection[] clients) = Begin(Two with { Rate = 1_000, Messages = 3, Duration = null, Pipeline = 2 });
        IssueAllDue(pace, Start + Clock.Second);

        Assert.All(clients, client => Assert.Equal(2, client.Issued));
        Assert.All(clients, client => Assert.Equal(1, pace.DueUnsent(client).Sum(group => group.Count)));
    }

    /// <returns>How often a client was looked at.</returns>
    private static int IssueAllDue(Pace pace, long now)
    {
        int count = 0;
        while (pace.TryIssueDue(now, out _))
            count++;

        return count;
    }

    private (Pace Pace, LoadConnection[] Clients) Begin(ClientOptions options)
    {
        LoadConnection[] clients = [.. Enumerable.Range(0, 2).Select(slot => new LoadConnection(slot, (int)_socket.Handle, TestKernel.Open(), options))];
        Pace pace = Pace.For(options);
        pace.Start(clients, Start);
        return (pace, clients);
    }
}
