using System.Net.Sockets;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Truth;

/// <summary>The models are what they are called: strace sees in each the calls that its page promises, and no others.</summary>
public sealed class EchoPathTests
{
    private const int Messages = 20;

    [Theory]
    [InlineData("threads", null, 5)]
    [InlineData("threads", "epoll", 5)]
    [InlineData("threads", "busy-poll", 5)]
    [InlineData("threads", "blocking", 5)]
    [InlineData("thread-pool", null, 5)]
    [InlineData("thread-pool", "epoll", 5)]
    [InlineData("blocking", null, 1)]
    [InlineData("blocking", "epoll", 1)]
    [InlineData("blocking", "select", 1)]
    [InlineData("blocking", "threads", 1)]
    public void A_blocking_model_makes_one_recv_and_one_send_a_message(string model, string? before, int count)
    {
        using Server server = Server.Start("--model", before ?? model);
        using Crowd crowd = new(server, before is null ? count : Math.Max(1, count - 1));
        if (before is not null)
        {
            // Those that the model adopts, and one that it accepts itself where it serves several.
            crowd.Clients.Take(before == "blocking" ? 1 : count).ToList().ForEach(client => client.Echo("under the model before"));
            server.Switch(model);
            while (crowd.Clients.Count < count)
                crowd.Clients.Add(new Client(server));
        }

        Trace trace = Watch(server, crowd.Clients);

        Assert.Equal(count, trace.ServingThreads.Count);
        Assert.DoesNotContain(trace.Serving, call => call.Error == "EAGAIN");
        Assert.DoesNotContain(trace.Calls, call => call.IsEpoll);
        Assert.DoesNotContain(trace.Serving, call => call.IsWait);
        Assert.Equal(count * Messages, trace.Serving.Count(call => call.Name == "recvfrom"));
        Assert.Equal(count * Messages, trace.Serving.Count(call => call.Name == "sendto"));
        Assert.Equal(2 * count * Messages, trace.Serving.Count());
    }

    [Theory]
    [InlineData("epoll", "epoll_wait")]
    [InlineData("poll", "poll")]
    [InlineData("select-fdset", "select|pselect6")] // the C library takes the one or the other
    [InlineData("select", "poll")] // Socket.Select is poll(2) on Linux, and its page says so
    public void A_reactor_waits_once_a_message_in_the_call_it_is_named_after(string model, string wait)
    {
        foreach (string before in (string[])[model, "threads"])
        {
            using Server server = Server.Start("--model", before);
            using Client client = new(server);
            client.Echo("under the model before");
            server.Switch(model);

            Trace trace = Watch(server, [client]);

            Assert.Single(trace.ServingThreads);
            Assert.DoesNotContain(trace.Serving, call => call.Error == "EAGAIN");
            SystemCall[] waits = [.. trace.Serving.Where(call => call.IsWait && call.Result >= 0)];
            Assert.InRange(waits.Length, Messages, Messages + 1); // the last one may have been interrupted by strace
            Assert.All(waits, call => Assert.Contains(call.Name, wait.Split('|').Append("restart_syscall")));
            Assert.Equal(Messages, trace.Serving.Count(call => call.Name == "recvfrom"));
            Assert.Equal(Messages, trace.Serving.Count(call => call.Name == "sendto"));
            Assert.DoesNotContain(trace.Serving, call => call.Name == "epoll_ctl");
        }
    }

    [Fact]
    public void Busy_poll_asks_and_asks_and_never_waits()
    {
        using Server server = Server.Start("--model", "busy-poll");
        using Client client = new(server);

        Trace trace = Watch(server, [client]);

        Assert.Single(trace.ServingThreads);
        Assert.DoesNotContain(trace.Serving, call => call.IsWait || call.IsEpoll);
        Assert.True(trace.Serving.Count(call => call.Error == "EAGAIN") > Messages, "hardly a question was asked in vain");
        Assert.Equal(Messages, trace.Serving.Count(call => call.Name == "recvfrom" && call.Result > 0));
        Assert.Equal(Messages, trace.Serving.Count(call => call.Name == "sendto"));
    }

    [Theory]
    [InlineData("epoll", 1, 1)]
    [InlineData("poll", 0, 0)]
    [InlineData("select", 0, 0)]
    [InlineData("select-fdset", 0, 0)]
    public void A_connection_costs_epoll_one_registration(string model, int added, int removed)
    {
        using Server server = Server.Start("--model", model);
        using Client first = new(server);
        first.Echo("warm");

        using Strace strace = Strace.Attach(server, "-e", Strace.SocketsAndWaits);
        using (Client client = new(server))
        {
            for (int i = 0; i < Messages; i++)
                client.Echo("message");

            client.Socket.Shutdown(SocketShutdown.Send);
            client.ExpectEnd();
        }

        first.Echo("the server has closed the other one by now");
        Trace trace = strace.Detach(Messages + 1);
        Assert.Equal(added, trace.Calls.Count(call => call.Arguments.Contains("EPOLL_CTL_ADD", StringComparison.Ordinal)));
        Assert.Equal(removed, trace.Calls.Count(call => call.Arguments.Contains("EPOLL_CTL_DEL", StringComparison.Ordinal)));
        Assert.DoesNotContain(trace.Calls, call => call.Arguments.Contains("EPOLL_CTL_MOD", StringComparison.Ordinal));
    }

    private static Trace Watch(Server server, List<Client> clients)
    {
        foreach (Client client in clients)
            client.Echo("now it is warm");

        Thread.Sleep(200); // so that all sleep where they sleep when idle
        using Strace strace = Strace.Attach(server, "-e", Strace.SocketsAndWaits);
        for (int i = 0; i <= Messages; i++)
        {
            foreach (Client client in clients)
                client.Echo($"message {i}");
        }

        Thread.Sleep(100); // what it does while nobody talks is to be seen, too
        return strace.Detach(clients.Count * (Messages + 1)).AfterTheFirstSend();
    }
}
