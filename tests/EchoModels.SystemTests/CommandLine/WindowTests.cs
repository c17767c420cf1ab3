using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.CommandLine;

/// <summary>What the commands show in a terminal, also in a narrow one.</summary>
public sealed class WindowTests
{
    private const string CtrlC = "\u0003";

    [MainCase, Slow, Theory]
    [InlineData(40, 30)]
    [InlineData(60, 16)]
    [InlineData(79, 30)]
    [InlineData(80, 24)]
    [InlineData(120, 30)]
    public void The_models_fit_a_window(int columns, int rows)
    {
        using Window window = new([Executable.Path, "models"], columns, rows);
        Assert.Equal(0, window.ExitCode());
        string[] lines = [.. window.Screen.Split('\n').Select(line => line.TrimEnd())];
        Assert.All(lines, line => Assert.InRange(line.Length, 0, columns));
        Assert.All(Models.Rows, row => Assert.Contains(lines, line => Regex.IsMatch(line, $@"^[0-9a-z]  +\(?{row.GetProperty("name").GetString()}\b")));
        Assert.InRange(lines.Length - 1, Models.Rows.Count, rows - 1); // the last line is the shell's prompt
        Assert.Contains("epoll-edge", window.Screen);
        Assert.Equal(columns >= 120, window.Screen.Contains("io_uring_enter(2)", StringComparison.Ordinal));
    }

    [Slow, Theory]
    [InlineData(60, 16)]
    [InlineData(80, 24)]
    public void A_status_fits_a_window_and_says_what_it_leaves_out(int columns, int rows)
    {
        using Server server = Server.Start("--model", "async");
        foreach (string model in (string[])["poll", "threads", "select", "epoll", "io-uring", "poll", "threads", "epoll"])
            server.Switch(model);

        using Window window = new([Executable.Path, "status"], columns, rows, ("XDG_RUNTIME_DIR", server.Directory.Path), ("TMPDIR", server.Directory.Path));
        Assert.Equal(0, window.ExitCode());
        string[] lines = [.. window.Screen.Split('\n').Select(line => line.TrimEnd())];
        Assert.All(lines, line => Assert.InRange(line.Length, 0, columns));
        Assert.InRange(lines.Length - 1, 8, rows - 1);
        Assert.Contains(lines, line => Regex.IsMatch(line, @"^model +epoll"));
        Assert.Matches(@"\(\d+ more values?: \| less, or --json\)", window.Screen);

        string whole = Executable.RunBeside(server, "status").Output;
        Assert.Equal(8, Regex.Count(whole, "(?m)^switched "));
        Assert.DoesNotContain("more value", whole);
    }

    [Fact]
    public void The_help_writes_times_with_units_in_a_narrow_window_too()
    {
        using Window window = new([Executable.Path, "client", "--help"], columns: 40);
        Assert.Equal(0, window.ExitCode());
        Assert.Matches(@"\[default:\s+5s\]", window.Screen);
        Assert.DoesNotContain("00:00", window.Screen);
        Assert.Matches(@"\n  echomodels client\r?\n +20 clients", window.Screen);
    }

    [MainCase, Slow, Fact]
    public void Colours_are_for_a_terminal_and_NO_COLOR_turns_them_off()
    {
        Assert.Matches(@"\u001b\[[0-9;]+m.*listening", Start([]));
        Assert.DoesNotMatch(@"\u001b\[[0-9;]+m", Start([("NO_COLOR", "1")]));
        Assert.DoesNotMatch(@"\u001b\[[0-9;]+m", Start([("TERM", "dumb")]));

        static string Start((string, string)[] variables)
        {
            using Window window = new([Executable.Path, "serve", "-p", "0"], 120, variables);
            window.AwaitServer();
            window.Type(CtrlC);
            Assert.Equal(0, window.ExitCode());
            return window.Output;
        }
    }

    [Slow, Fact]
    public void A_client_in_the_foreground_shows_its_progress_and_after_Ctrl_C_its_result()
    {
        using Server server = Server.Start();
        using Window window = Window.Of("client", "-p", $"{server.Port}", "-d", "1h", "-c", "3");
        window.Await(@"\d s +[\d,]+ messages");
        window.Type(CtrlC);

        Assert.Equal(0, window.ExitCode());
        Assert.Matches(@"\nmessages +[1-9][\d,]*\s", window.Screen);
        Assert.Matches(@"\nerrors +0\s", window.Screen);
        Assert.Equal(window.Before, window.Terminal.Settings);
    }

    [Slow, Fact]
    public void A_client_in_the_background_shows_no_progress_but_its_result()
    {
        using Server server = Server.Start();
        using Window window = Window.OfShell();
        window.Type($"{Executable.Path} client -p {server.Port} -d 1s &\n");
        window.Await(@"errors +0\s");

        Assert.Matches(@"\nmessages +[1-9][\d,]*\s", window.Screen);
        Assert.DoesNotMatch(@"\d s +[\d,]+ messages|connecting", window.Screen);
    }
}
