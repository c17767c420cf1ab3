using System.Collections.Concurrent;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>Whatever a client sends to the control socket, the server continues to echo, and answers the next request.</summary>
public sealed class BadRequestTests
{
    [Slow, Theory]
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
        string error = server.Request(request).GetProperty("error").GetString()!;
        Assert.NotEmpty(error);
        Assert.DoesNotContain('\u001b', error);
        AssertServes(server);
    }

    [Slow, Fact]
    public void A_line_may_arrive_in_pieces_and_end_with_CR_LF()
    {
        using Server server = Server.Start();
        using ControlClient control = new(server);
        foreach (string piece in (string[])["st", "at", "us\r", "\n"])
        {
            control.Send(piece);
            Thread.Sleep(20);
        }

        Assert.Equal("epoll", control.ReadAnswer().GetProperty("model").GetString());
    }

    [Slow, Fact]
    public void A_line_without_an_end_is_cut_off()
    {
        using Server server = Server.Start();
        using ControlClient control = new(server);
        byte[] line = new byte[64 * 1024];
        line.AsSpan().Fill((byte)'a');
        control.TrySend(line);
        Assert.DoesNotContain("model", control.ReadToEnd());
        AssertServes(server);
    }

    [Slow, Fact]
    public void A_client_that_sends_nothing_is_disconnected_and_delays_no_other()
    {
        using Server server = Server.Start();
        using ControlClient silent = new(server);
        AssertServes(server);
        Assert.DoesNotContain("model", silent.ReadToEnd()); // ends, because the server closes the connection
        AssertServes(server);
    }

    [Slow, Fact]
    public void A_client_that_never_reads_delays_no_other()
    {
        using Server server = Server.Start();
        using ControlClient neverReads = new(server);
        neverReads.Send("status\n");
        AssertServes(server);
    }

    [MainCase, Slow, Fact]
    public void Random_bytes_are_no_request()
    {
        using Server server = Server.Start();
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int i = 0; i < 100; i++)
        {
            using ControlClient control = new(server);
            control.TrySend([.. Client.RandomBytes(random, random.Next(1, 2_000)), (byte)'\n']);
            Assert.DoesNotContain("model", control.ReadToEnd());
        }

        AssertServes(server);
    }

    [Fact]
    public void Half_a_line_and_a_close_are_no_request()
    {
        using Server server = Server.Start();
        for (int i = 0; i < 100; i++)
        {
            using ControlClient control = new(server);
            control.Send("switch threa");
        }

        AssertServes(server);
    }

    [Slow, Fact]
    public void A_request_and_a_close_before_the_answer_do_no_harm()
    {
        using Server server = Server.Start();
        for (int i = 0; i < 100; i++)
        {
            using ControlClient control = new(server);
            control.Send("status\n");
        }

        AssertServes(server);
    }

    [Slow, Fact]
    public void Fifty_concurrent_requests_are_all_answered()
    {
        using Server server = Server.Start();
        Thread[] threads = new Thread[50];
        int answered = 0;
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() => Interlocked.Add(ref answered, server.Status().GetProperty("model").GetString() == "epoll" ? 1 : 0));
            threads[i].Start();
        }

        Assert.All(threads, thread => Assert.True(thread.Join(Limit.Generous), "a request was not answered"));
        Assert.Equal(threads.Length, answered);
        AssertServes(server);
    }

    [Slow, Fact]
    public void Fifty_clients_that_send_nothing_do_not_block_the_next_one()
    {
        using Server server = Server.Start();
        using CancellationTokenSource enough = new();
        ConcurrentBag<ControlClient> silent = [];
        Thread connecting = new(() =>
        {
            for (int i = 0; i < 50 && !enough.IsCancellationRequested; i++)
                silent.Add(new ControlClient(server));
        });
        connecting.Start();
        Limit.Until(() => silent.Count >= 32, "every place is taken, and others wait");
        AssertServes(server);

        enough.Cancel();
        Assert.True(connecting.Join(Limit.Generous), "the clients could not connect");
        foreach (ControlClient client in silent)
            client.Dispose();

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
