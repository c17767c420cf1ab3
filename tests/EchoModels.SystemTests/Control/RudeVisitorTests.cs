using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>Whatever comes to the control socket, the server lives on, echoes on, and answers the next visitor.</summary>
public sealed class RudeVisitorTests
{
    [Theory]
    [InlineData("hello")]
    [InlineData("switch")]
    [InlineData("switch nope")]
    [InlineData("switch epoll now")]
    [InlineData("status please")]
    [InlineData("STATUS")]
    [InlineData("")]
    [InlineData("{\"status\":1}")]
    [InlineData("switch \u001b[31mred")]
    public void An_unknown_request_gets_an_error(string request)
    {
        using Server server = Server.Start();
        string error = server.Ask(request).GetProperty("error").GetString()!;
        Assert.NotEmpty(error);
        Assert.DoesNotContain('\u001b', error);
        AssertServes(server);
    }

    [Fact]
    public void A_line_may_come_in_pieces_and_end_as_on_Windows()
    {
        using Server server = Server.Start();
        using Visitor visitor = new(server);
        foreach (string piece in (string[])["st", "at", "us\r", "\n"])
        {
            visitor.Say(piece);
            Thread.Sleep(20);
        }

        Assert.Equal("epoll", visitor.Answer().GetProperty("model").GetString());
    }

    [Fact]
    public void A_line_without_end_is_cut_off()
    {
        using Server server = Server.Start();
        using Visitor visitor = new(server);
        byte[] line = new byte[64 * 1024];
        line.AsSpan().Fill((byte)'a');
        visitor.TryToSay(line);
        Assert.DoesNotContain("model", visitor.ReadAll());
        AssertServes(server);
    }

    [Fact]
    public void A_silent_visitor_is_sent_away_and_holds_up_nobody()
    {
        using Server server = Server.Start();
        using Visitor silent = new(server);
        AssertServes(server);
        Assert.DoesNotContain("model", silent.ReadAll()); // which ends, because the server hangs up
        AssertServes(server);
    }

    [Fact]
    public void A_visitor_who_never_reads_holds_up_nobody()
    {
        using Server server = Server.Start();
        using Visitor deaf = new(server);
        deaf.Say("status\n");
        AssertServes(server);
    }

    [Fact]
    public void Binary_garbage_is_no_request()
    {
        using Server server = Server.Start();
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int i = 0; i < 100; i++)
        {
            using Visitor visitor = new(server);
            visitor.TryToSay([.. Client.RandomBytes(random, random.Next(1, 2_000)), (byte)'\n']);
            Assert.DoesNotContain("model", visitor.ReadAll());
        }

        AssertServes(server);
    }

    [Fact]
    public void Half_a_line_and_a_hang_up_is_no_request()
    {
        using Server server = Server.Start();
        for (int i = 0; i < 100; i++)
        {
            using Visitor visitor = new(server);
            visitor.Say("switch threa");
        }

        AssertServes(server);
    }

    [Fact]
    public void A_request_and_a_hang_up_before_the_answer_hurts_nobody()
    {
        using Server server = Server.Start();
        for (int i = 0; i < 100; i++)
        {
            using Visitor visitor = new(server);
            visitor.Say("status\n");
        }

        AssertServes(server);
    }

    [Fact]
    public void Fifty_visitors_at_once_are_all_answered()
    {
        using Server server = Server.Start();
        Thread[] threads = new Thread[50];
        int answered = 0;
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() => Interlocked.Add(ref answered, server.Status().GetProperty("model").GetString() == "epoll" ? 1 : 0));
            threads[i].Start();
        }

        Assert.All(threads, thread => Assert.True(thread.Join(Timing.Generous), "a visitor has had no answer"));
        Assert.Equal(threads.Length, answered);
        AssertServes(server);
    }

    [Fact]
    public void Fifty_silent_visitors_do_not_keep_the_fifty_first_away()
    {
        using Server server = Server.Start();
        using CancellationTokenSource enough = new();
        List<Visitor> silent = [];
        Thread crowd = new(() =>
        {
            for (int i = 0; i < 50 && !enough.IsCancellationRequested; i++)
                silent.Add(new Visitor(server));
        });
        crowd.Start();
        Thread.Sleep(200);
        AssertServes(server);

        enough.Cancel();
        Assert.True(crowd.Join(Timing.Generous), "the crowd could not come in");
        silent.ForEach(visitor => visitor.Dispose());
        server.End();
    }

    private static void AssertServes(Server server)
    {
        using Client client = new(server);
        client.Echo("hello");
        Assert.Equal("epoll", server.Status().GetProperty("model").GetString());
        Assert.True(server.IsAlive);
    }
}
