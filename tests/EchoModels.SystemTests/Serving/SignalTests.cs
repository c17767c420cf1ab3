using EchoModels.SystemTests.Support;
using EchoModels.SystemTests.SystemCalls;

namespace EchoModels.SystemTests.Serving;

/// <summary>How signals end the server.</summary>
public sealed class SignalTests
{
    [Slow, Theory]
    [InlineData("SIGINT", Native.SIGINT)]
    [InlineData("SIGTERM", Native.SIGTERM)]
    [InlineData("SIGHUP", Native.SIGHUP)]
    [InlineData("SIGQUIT", Native.SIGQUIT)]
    public void Each_of_them_ends_it_with_a_summary_and_0(string name, int signal)
    {
        using Server server = Server.Start();
        using Client closed = new(server);
        closed.Echo("one");
        closed.Dispose();
        using Client open = new(server);
        open.Echo("three");
        open.Echo("four");
        server.AwaitLine("closed");

        server.Signal(signal);
        open.ExpectEnd();
        Assert.Equal(0, server.ExitCode());
        Assert.Contains(server.Lines, line => line.Contains(name, StringComparison.Ordinal));
        Assert.Contains("served 2 connections, 3 messages, 12 bytes in, 12 bytes out; calls: accept ", server.Lines[^1]);
        Assert.Single(server.LinesMatching($"closed {open.Name}: drain, after 2 messages, 9 bytes"));
        AssertNothingIsLeft(server);
    }

    [MainCase, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void SIGTERM_ends_every_model_and_its_clients_in_good_order(string model)
    {
        using Server server = Server.Start("--model", model);
        using Client client = new(server);
        client.Echo("before");
        server.Signal(Native.SIGTERM);
        client.ExpectEnd();
        Assert.Equal(0, server.ExitCode());
        Assert.Contains($"served 1 connection, {Models.Messages(model, 1)}, 6 bytes in, 6 bytes out", server.Lines[^1]);
        AssertNothingIsLeft(server);
    }

    /// <summary>Programs that clean /tmp do so to a server that has run for long.</summary>
    [Fact]
    public void It_ends_in_good_order_when_the_directory_of_its_control_socket_is_gone()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("before");
        Directory.Delete(server.Directory.Servers, recursive: true);
        client.Echo("after");
        Assert.Contains("served 1 connection, 2 messages", server.End());
    }

    [Slow, Fact]
    public void It_does_not_listen_after_the_signal()
    {
        using Server server = Server.Start("--drain", "1h");
        using StuckClient stuck = new(server);
        server.Signal(Native.SIGTERM);
        server.AwaitLine("stopping");
        Limit.Until(() => !Client.CanConnect(server), "the port is closed");
        stuck.ReadToEnd();
        Assert.Equal(0, server.ExitCode());
    }

    [MainCase, Slow, Theory]
    [InlineData(Native.SIGTERM, Native.SIGTERM)]
    [InlineData(Native.SIGINT, Native.SIGINT)]
    [InlineData(Native.SIGHUP, Native.SIGQUIT)]
    public void A_second_signal_ends_it_at_once(int first, int second)
    {
        using Server server = Server.Start("--drain", "1h");
        using StuckClient stuck = new(server);
        server.Signal(first);
        server.AwaitLine("stopping");
        Assert.True(server.IsAlive);

        Thread.Sleep(400); // two within 200 ms count as one
        server.Signal(second);
        Assert.Equal(1, server.ExitCode());
        Assert.Single(server.LinesMatching("a second signal: ending at once"));
        Assert.Matches("served 1 connection", server.Lines[^1]);
        AssertNothingIsLeft(server);
    }

    /// <summary>A model may be in a call that does not return: here strace delays it.</summary>
    [Slow, Fact]
    public void A_second_signal_ends_it_although_its_model_does_not_stop()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("before");
        using (Strace strace = Strace.AttachToThread(server, "models", "-e", "trace=sendto", "-e", "inject=sendto:delay_enter=100000000"))
        {
            client.Send("after"u8);
            strace.AwaitCall("sendto");
            server.Signal(Native.SIGTERM);
            Thread.Sleep(400); // two within 200 ms count as one
            server.Signal(Native.SIGTERM);
            server.AwaitLine("a second signal: ending at once");
            Limit.Until(() => server.Threads <= 2, "only the thread that strace holds is left, and the first one as a zombie");
        }

        Assert.Equal(1, server.ExitCode());
        AssertNothingIsLeft(server);
    }

    /// <summary>timeout(1) signals its child, and then its process group, which includes the child.</summary>
    [Slow, Fact]
    public void Two_signals_in_quick_succession_count_as_one()
    {
        using Server server = Server.Start("--drain", "1h");
        using StuckClient stuck = new(server);
        server.Signal(Native.SIGTERM);
        server.Signal(Native.SIGINT); // a different one, as the kernel may merge two of the same kind
        stuck.ReadToEnd();
        Assert.Equal(0, server.ExitCode());
        Assert.Empty(server.LinesMatching("second signal"));
    }

    /// <summary>Even when many connections are closed at the end, which is one line or a few.</summary>
    [Slow, Theory]
    [InlineData("epoll")]
    [InlineData("threads")]
    [InlineData("process")]
    public void The_summary_is_the_last_line(string model)
    {
        using Server server = Server.Start("--model", model);
        using ClientGroup clients = new(server, 80);
        clients.ForEach(client => client.Echo("hello"));
        Assert.Equal(server.End(), server.Lines[^1]);
        Assert.Equal(80, server.LinesMatching(@"INF closed \d+ connections: ").Sum(line => int.Parse(line.Split(' ')[3], null)) + server.LinesMatching("INF closed 127").Length);
        Assert.NotEmpty(server.LinesMatching(@"INF closed \d+ connections: \d+ drain"));
    }

    [Slow, Fact]
    public void Started_with_SIGINT_ignored_it_works_and_SIGTERM_ends_it()
    {
        using Server server = Server.Start(new Launch { Shell = "trap '' INT" });
        using Client client = new(server);
        client.Echo("before");
        server.Signal(Native.SIGINT);
        client.Echo("after");
        Assert.Equal(2, server.Status().GetProperty("receives").GetInt64());
        server.Switch("threads");
        client.Echo("and after that");

        Assert.Contains("served 1 connection, 3 messages", server.End());
        AssertNothingIsLeft(server);
    }

    [Slow, Fact]
    public void A_signal_right_after_the_start_ends_it()
    {
        // From before the runtime has started until after the server listens; in which state the signal arrives differs from run to run.
        for (int delay = 0; delay <= 600; delay += 40)
        {
            using Server server = Server.Begin(new Launch());
            Thread.Sleep(delay);
            server.Signal(Native.SIGTERM);
            int code = server.ExitCode();
            Assert.True(code is 0 or 128 + Native.SIGTERM, $"after {delay} ms: exit {code}");
            Assert.Empty(Leftovers(server));
        }
    }

    private static void AssertNothingIsLeft(Server server)
    {
        Assert.Empty(Leftovers(server));
        Assert.False(Directory.Exists($"/proc/{server.Id}"), "the process still exists");
    }

    private static string[] Leftovers(Server server) =>
        Directory.Exists(server.Directory.Servers) ? Directory.GetFileSystemEntries(server.Directory.Servers) : [];
}
