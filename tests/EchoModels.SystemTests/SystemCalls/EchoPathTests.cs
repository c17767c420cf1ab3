using System.Net.Sockets;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>Each model makes the calls that its page describes, and no others, as strace sees them.</summary>
public sealed class EchoPathTests
{
    private const int Messages = 20;

    [MainCase, Slow, Theory]
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
    public void A_blocking_model_makes_one_recv_and_one_send_for_each_message(string model, string? before, int count)
    {
        using Server server = Server.Start("--model", before ?? model);
        using ClientGroup clients = new(server, before is null ? count : Math.Max(1, count - 1));
        if (before is not null)
        {
            // Connections that the model takes over, and one that it accepts itself if it serves several.
            clients.Take(before == "blocking" ? 1 : count).ToList().ForEach(client => client.Echo("with the model before"));
            server.Switch(model);
            while (clients.Count < count)
                clients.Add(new Client(server));
        }

        Trace trace = Watch(server, clients);

        Assert.Equal(count, trace.ServingThreads.Count);
        Assert.DoesNotContain(trace.Serving, call => call.Error == "EAGAIN");
        Assert.DoesNotContain(trace.Calls, call => call.IsEpoll);
        Assert.DoesNotContain(trace.Serving, call => call.IsWait);
        Assert.Equal(count * Messages, trace.Serving.Count(call => call.Name == "recvfrom"));
        Assert.Equal(count * Messages, trace.Serving.Count(call => call.Name == "sendto"));
        Assert.Equal(2 * count * Messages, trace.Serving.Count());
    }

    [MainCase, Slow, Theory]
    [InlineData("epoll", "epoll_wait")]
    [InlineData("poll", "poll")]
    [InlineData("select-fdset", "select|pselect6")] // the C library uses either
    [InlineData("select", "poll")] // Socket.Select is poll(2) on Linux, and as its page explains
    public void An_event_loop_waits_once_for_each_message_in_the_call_it_is_named_after(string model, string wait)
    {
        foreach (string before in (string[])[model, "threads"])
        {
            using Server server = Server.Start("--model", before);
            using Client client = new(server);
            client.Echo("with the model before");
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

    [MainCase, Fact]
    public void Busy_poll_polls_and_never_waits()
    {
        using Server server = Server.Start("--model", "busy-poll");
        using Client client = new(server);

        Trace trace = Watch(server, [client]);

        Assert.Single(trace.ServingThreads);
        Assert.DoesNotContain(trace.Serving, call => call.IsWait || call.IsEpoll);
        Assert.True(trace.Serving.Count(call => call.Error == "EAGAIN") > Messages, "hardly any poll returned EAGAIN");
        Assert.Equal(Messages, trace.Serving.Count(call => call.Name == "recvfrom" && call.Result > 0));
        Assert.Equal(Messages, trace.Serving.Count(call => call.Name == "sendto"));
    }

    [MainCase, Slow, Theory]
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

        Thread.Sleep(200); // so that every thread is blocked where it waits when idle
        using Strace strace = Strace.Attach(server, "-e", Strace.SocketsAndWaits);
        for (int i = 0; i <= Messages; i++)
        {
            foreach (Client client in clients)
                client.Echo($"message {i}");
        }

        Thread.Sleep(100); // calls without traffic have to be in the trace, too
        return strace.Detach(clients.Count * (Messages + 1)).AfterTheFirstSend();
    }
}
