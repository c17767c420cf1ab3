using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>The server in a terminal: its keys, and the state of the terminal after it.</summary>
public sealed class KeyboardTests
{
    private const string CtrlC = "\u0003";
    private const string CtrlZ = "\u001a";

    [MainCase, Fact]
    public void Each_key_switches_to_its_model_under_traffic()
    {
        using Window window = Window.Of("serve", "-p", "0", "-m", "poll");
        window.AwaitServer();
        string[] names = [.. Models.Rows.Select(row => row.GetProperty("name").GetString()!)];
        string[] keys = [.. "123456789abcdefghijklmnopqrstuvwxyz".Take(names.Length).Select(key => key.ToString())];
        Assert.Contains("keys: " + string.Join(", ", keys.Zip(names).Where(key => Models.Available.Contains(key.Second)).Select(key => $"{key.First} {key.Second}")) + ";", window.Screen);

        using Client client = new(window.Port);
        using BackgroundClient background = new(client, seed: 1);
        foreach ((string key, string name) in keys.Zip(names))
        {
            // A child process keeps the connections it has, so process comes last, when the background client has stopped.
            if (name == "process")
                continue;

            window.Type(key);
            if (Models.Available.Contains(name))
                Limit.Until(() => window.Model == name, $"{key} switches to {name}");
            else
                window.Await($"unknown key '{key}'; known are 1 blocking, ");

            background.AwaitMore(3);
        }

        background.Stop();
        window.Type(keys[Array.IndexOf(names, "process")]);
        Limit.Until(() => window.Model == "process", "its key switches to process");
        window.Type(CtrlC);
        Assert.Equal(0, window.ExitCode());
    }

    [Slow, Fact]
    public void The_key_of_epoll_again_is_the_other_trigger()
    {
        using Window window = Window.Of("serve", "-p", "0", "-m", "poll");
        window.AwaitServer();
        string key = $"{1 + Array.IndexOf([.. Models.Rows.Select(row => row.GetProperty("name").GetString()!)], "epoll")}";
        window.Type(key);
        window.Await(@"switched from poll to epoll \(level-triggered\)");
        window.Type(key);
        window.Await(@"switched from epoll \(level-triggered\) to epoll \(edge-triggered\)");
        window.Type(key);
        window.Await(@"switched from epoll \(edge-triggered\) to epoll \(level-triggered\)");
    }

    [Slow, Fact]
    public void Keys_in_the_terminal_of_another_session_are_left_to_its_shell()
    {
        using Window window = new(["setsid", "--wait", Executable.Path, "serve", "-p", "0", "-m", "poll"]);
        int server = 0;
        try
        {
            Limit.Until(() => int.TryParse(File.ReadAllText($"/proc/{window.Id}/task/{window.Id}/children"), out server), "its process has started");
            window.AwaitServerWithoutKeys();
            Assert.False(Limit.Within(TimeSpan.FromSeconds(1), () => window.Terminal.IsForKeys), "it reads the keys");
            window.Type("2\r");
            Assert.DoesNotContain("keys:", window.Screen);
            Assert.Equal("poll", window.Model);
            Assert.Equal(window.Before, window.Terminal.Settings);
        }
        finally
        {
            Native.TrySignal(server, Native.SIGTERM);
        }

        Assert.Equal(0, window.ExitCode());
    }

    [Slow, Theory]
    [InlineData("0", "unknown key '0'; known are 1 blocking, ")]
    [InlineData("\u0004", "unknown key; known are 1 blocking, ")]
    [InlineData("\u001b", "unknown key; known are 1 blocking, ")]
    [InlineData("\u001b[A", "unknown key; known are")] // the arrow up
    [InlineData("\u001b[3~", "unknown key; known are")] // Delete, in which there is a 3
    [InlineData("\u001b[15;2~", "unknown key; known are")]
    [InlineData("你", "unknown key '你'; known are")]
    [InlineData("ls -l 1234\r", "11 characters came together, as from a paste: ignored")]
    [InlineData("2345678", "7 characters came together")]
    public void Other_keys_and_pasted_text_switch_nothing_and_are_answered(string keys, string answer)
    {
        using Window window = Window.Of("serve", "-p", "0");
        window.AwaitServer();
        window.Type(keys);
        window.Await(Regex.Escape(answer));
        window.Type("2");
        Limit.Until(() => window.Status().GetProperty("switches").GetArrayLength() > 0, "the key after them switches");

        Assert.Equal(1, window.Status().GetProperty("switches").GetArrayLength());
        Assert.Equal("threads", window.Model);
        Assert.True(window.Terminal.IsForKeys);
    }

    [Slow, Fact]
    public void An_empty_line_is_not_answered()
    {
        using Window window = Window.Of("serve", "-p", "0");
        window.AwaitServer();
        window.Type("\r");
        window.Type("2");
        window.Await("2 characters came together|switched from epoll");
        Assert.DoesNotContain("unknown key", window.Screen);
    }

    [MainCase, Slow, Theory]
    [InlineData(CtrlC)]
    [InlineData("\u001c")] // Ctrl+\ is SIGQUIT
    public void Ctrl_C_ends_it_with_a_summary_and_the_terminal_is_restored(string end)
    {
        using Window window = Window.Of("serve", "-p", "0");
        window.AwaitServer();
        using Client client = new(window.Port);
        client.Echo("hello");
        window.Type(end);

        Assert.Equal(0, window.ExitCode());
        Assert.Matches(@"served 1 connection, 1 message, 5 bytes in, 5 bytes out; .*\s*$", window.Screen);
        Assert.DoesNotContain("^C", window.Screen);
        Assert.Equal(window.Before, window.Terminal.Settings);
    }

    [Slow, Fact]
    public void A_second_Ctrl_C_ends_it_at_once_and_the_terminal_is_restored()
    {
        using Window window = Window.Of("serve", "-p", "0", "--drain", "1h");
        window.AwaitServer();
        using StuckClient stuck = new(window);
        window.Type(CtrlC);
        window.Await("SIGINT: stopping");
        Thread.Sleep(400); // two within 200 ms count as one
        window.Type(CtrlC);

        Assert.Equal(1, window.ExitCode());
        Assert.Contains("a second signal: ending at once", window.Screen);
        Assert.Equal(window.Before, window.Terminal.Settings);
    }

    [Fact]
    public void SIGTERM_restores_the_terminal()
    {
        using Window window = Window.Of("serve", "-p", "0");
        window.AwaitServer();
        Native.Signal(window.Id, Native.SIGTERM);

        Assert.Equal(0, window.ExitCode());
        Assert.Equal(window.Before, window.Terminal.Settings);
    }

    [Slow, Fact]
    public void Closing_the_window_ends_it()
    {
        using Window window = Window.Of("serve", "-p", "0");
        window.AwaitServer();
        int port = window.Port;
        window.Close();
        Limit.Until(() => !Client.CanConnect(port), "the server has ended with its window");
    }

    [Slow, Fact]
    public void Ctrl_Z_restores_the_terminal_and_in_the_background_it_continues_to_serve()
    {
        using Window window = InShell(out int server);
        for (int turn = 0; turn < 2; turn++)
        {
            window.Type(CtrlZ);
            Limit.Until(() => IsStopped(server), "Ctrl+Z stops it");
            window.AwaitPrompt();

            // With tostop, output to the terminal would stop any other program in the background.
            window.Type("stty tostop; bg\n");
            Limit.Until(() => !IsStopped(server), "it continues");
            window.AwaitPrompt();
            Serve(window, server);
            Assert.True(window.Terminal.IsOrdinary);

            window.Type("fg\n");
            Limit.Until(() => window.Terminal.IsForKeys, "in the foreground it reads keys again");
        }

        window.Type("2");
        Limit.Until(() => window.Model == "threads", "and the keys switch");
        End(window);
    }

    [Slow, Fact]
    public void Continued_in_the_foreground_it_reads_its_keys_at_once()
    {
        using Window window = InShell(out int server);
        window.Type(CtrlZ);
        Limit.Until(() => IsStopped(server), "Ctrl+Z stops it");
        window.AwaitPrompt();
        window.Type("fg\n");
        Limit.Until(() => !IsStopped(server) && window.Terminal.IsForKeys, "it continues");
        window.Type("2");
        Limit.Until(() => window.Model == "threads", "the key switches");
        End(window);
    }

    [Slow, Fact]
    public void Started_in_the_background_it_does_not_read_the_keyboard()
    {
        using Window window = Window.OfShell();
        window.Type($"{Executable.Path} serve -p 0 &\n");
        int port = int.Parse(window.Await(@"listening on 127\.0\.0\.1:(\d+)").Groups[1].ValueSpan, null);
        int server = Assert.Single(window.Others());
        using Client client = new(port);
        client.Echo("hello");
        Assert.True(window.Terminal.IsOrdinary);
        Assert.False(IsStopped(server));
        Assert.DoesNotContain("keys: ", window.Screen);
        Native.Signal(server, Native.SIGTERM);
        window.Await("served 1 connection");
        Assert.True(window.Terminal.IsOrdinary);
    }

    [Slow, Fact]
    public void With_no_live_it_does_not_read_the_keyboard()
    {
        using Window window = Window.Of("serve", "-p", "0", "--no-live");
        window.Await("listening on");
        Assert.Equal(window.Before, window.Terminal.Settings);
        Assert.DoesNotContain("keys: ", window.Screen);
        window.Type(CtrlC);
        Assert.Equal(0, window.ExitCode());
    }

    /// <summary>A server that a shell has started in the window.</summary>
    private static Window InShell(out int server)
    {
        Window window = Window.OfShell();
        window.Type($"{Executable.Path} serve -p 0\n");
        window.AwaitServer();
        server = Assert.Single(window.Others());
        return window;
    }

    private static void End(Window window)
    {
        window.Type(CtrlC);
        window.Await("served ");
        window.AwaitPrompt();
        window.Type("exit\n");
        window.ExitCode();
    }

    /// <summary>Serves a client, and waits for the line about it.</summary>
    private static void Serve(Window window, int server)
    {
        using Client client = new(window.Port);
        string name = client.Name;
        client.Echo("hello");
        client.Dispose();
        window.Await($"closed {Regex.Escape(name)}");
        Assert.False(IsStopped(server));
    }

    private static bool IsStopped(int process) => ProcessUsage.Field(process, "State").StartsWith('T');
}
