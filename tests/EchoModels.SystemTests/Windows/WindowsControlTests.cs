using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>The control channel on Windows, a named pipe: requests, bad requests, time limits, and servers that come and go.</summary>
[Slow, Collection(WindowsBuild.Collection)]
public sealed class WindowsControlTests(WindowsBuild build)
{
    [Fact]
    public void Status_and_switch_answer_and_refuse_over_it()
    {
        using WindowsServer server = new(build, "--model", "select");
        server.Switch("busy-poll");
        Outcome people = build.Run("status", "-p", $"{server.Port}");
        Assert.True(people.ExitCode == 0, people.Everything);
        Assert.Matches(@"(?m)^model +busy-poll", people.Output);
        Assert.Matches(@"(?m)^wakeups +-$", people.Output);
        Assert.Equal("select", server.Status().GetProperty("switches")[0].GetProperty("from").GetString());

        Outcome refused = build.Run("switch", "epoll", "--selector", "epoll", "-p", $"{server.Port}");
        Assert.True(refused.ExitCode == 1, refused.Everything);
        Assert.Contains("needs Linux's epoll(7)", Assert.Single(refused.ErrorLines));
        Assert.Equal("busy-poll", server.Status().GetProperty("model").GetString());
        server.End();
        Assert.Empty(build.ControlFiles(server.Port));
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("switch nope")]
    [InlineData("switch \u001b[31mred")]
    [InlineData("")]
    public void An_unknown_request_gets_an_error(string request)
    {
        using WindowsServer server = new(build);
        using PipeClient control = new(build, server.Port);
        control.Send(request + "\n");
        string error = control.ReadAnswer().GetProperty("error").GetString()!;
        Assert.NotEmpty(error);
        Assert.DoesNotContain('\u001b', error);
        AssertServes(server);
    }

    [Fact]
    public void A_line_may_arrive_in_pieces_and_end_with_CR_LF()
    {
        using WindowsServer server = new(build, "--model", "select");
        using PipeClient control = new(build, server.Port);
        foreach (string piece in (string[])["st", "at", "us\r", "\n"])
            control.Send(piece);

        Assert.Equal("select", control.ReadAnswer().GetProperty("model").GetString());
    }

    [Fact]
    public void A_line_that_is_too_long_is_cut_off()
    {
        using WindowsServer server = new(build);
        using PipeClient control = new(build, server.Port);
        byte[] line = new byte[64 * 1024];
        line.AsSpan().Fill((byte)'a');
        control.Send(line);
        Assert.Empty(control.ReadToEnd());
        AssertServes(server);
    }

    [Fact]
    public void Clients_that_send_nothing_or_half_a_line_are_disconnected_and_delay_no_other()
    {
        using WindowsServer server = new(build);
        using PipeClient silent = new(build, server.Port);
        using PipeClient slow = new(build, server.Port);
        slow.Send("switch threa");
        using (PipeClient gone = new(build, server.Port))
            gone.Send("switch threa"); // and ends

        AssertServes(server);
        Assert.Empty(silent.ReadToEnd()); // ends, because the server closes the pipe
        Assert.Empty(slow.ReadToEnd());
        AssertServes(server);
    }

    [Fact]
    public void Requests_at_the_same_time_are_all_answered()
    {
        using WindowsServer server = new(build, "--model", "select");
        int answered = 0;
        Thread[] threads = new Thread[6];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() => Interlocked.Add(ref answered, server.Status().GetProperty("model").GetString() == "select" ? 1 : 0));
            threads[i].Start();
        }

        Assert.All(threads, thread => Assert.True(thread.Join(Limit.Generous), "a request was not answered"));
        Assert.Equal(threads.Length, answered);
        AssertServes(server);
    }

    [Fact]
    public void What_a_killed_server_left_behind_is_replaced()
    {
        using WindowsServer killed = new(build);
        killed.Kill();
        killed.ExitCode();
        Assert.Single(build.ControlFiles(killed.Port));
        Outcome none = build.Run("status", "-p", $"{killed.Port}");
        Assert.True(none.ExitCode == 1, none.Everything);
        Assert.Contains($"port {killed.Port}", Assert.Single(none.ErrorLines));

        using WindowsServer server = new(build, "-p", $"{killed.Port}");
        Limit.Until(() => build.Run("status", "-p", $"{server.Port}").ExitCode == 0, "the new one answers");
        Assert.Empty(server.LinesMatching("WRN (?!epoll)"));
        server.End();
        Assert.Empty(build.ControlFiles(server.Port));
    }

    [Fact]
    public void A_second_server_takes_it_from_one_that_is_stopping()
    {
        using WindowsServer first = new(build, "--model", "threads", "--drain", "1h");
        Assert.Equal("threads", first.Status().GetProperty("model").GetString());

        using StuckClient stuck = new(first);
        first.Interrupt();
        Limit.Until(() => !Client.CanConnect(first.Port), "the port is closed");
        using WindowsServer second = new(build, "--model", "select", "-p", $"{first.Port}");
        Limit.Until(() => second.Status().GetProperty("model").GetString() == "select", "the second answers");
        Assert.Empty(second.LinesMatching("WRN"));
        stuck.ReadToEnd();
        Assert.Equal(0, first.ExitCode());
        Assert.Equal("select", second.Status().GetProperty("model").GetString());
        second.End();
    }

    [Fact]
    public void Where_there_can_be_none_the_server_serves_on_and_says_so_once()
    {
        new WindowsServer(build).Dispose(); // the directory is there
        string directory = build.ControlDirectory;
        string aside = directory + "-aside";
        Directory.Move(directory, aside);
        File.WriteAllText(directory, "no directory");
        try
        {
            using WindowsServer server = new(build, "--model", "select");
            AssertEchoes(server);
            Assert.Single(server.LinesMatching("WRN no control socket"));
            Assert.Equal(1, build.Run("status", "-p", $"{server.Port}").ExitCode);
            server.End();
            Assert.Single(server.LinesMatching("WRN"));
        }
        finally
        {
            File.Delete(directory);
            Directory.Move(aside, directory);
        }
    }

    private static void AssertEchoes(WindowsServer server)
    {
        using Client client = new(server.Port);
        client.Echo("hello");
    }

    private static void AssertServes(WindowsServer server)
    {
        AssertEchoes(server);
        JsonElement status = server.Status();
        Assert.NotEmpty(status.GetProperty("model").GetString()!);
        Assert.True(server.IsAlive);
    }
}
