using System.Text;
using EchoModels.Cli.Client;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class TerminalTests : IDisposable
{
    private readonly StringWriter _screen = new() { NewLine = "\n" };

    public void Dispose() => _screen.Dispose();

    [Fact]
    public void A_progress_line_overwrites_the_one_before()
    {
        ProgressLine line = new(_screen, () => 80, () => true);
        line.Show("a long one");
        line.Show("short");
        line.Clear();

        Assert.Equal("\ra long one\rshort     \r     \r", _screen.ToString());
    }

    [Theory]
    [InlineData(23, "   1.5 s  12,345  98/s")]
    [InlineData(22, "   1.5 s  12,345")]
    [InlineData(17, "   1.5 s  12,345")]
    [InlineData(16, "   1.5 s")]
    [InlineData(5, "")]
    public void A_progress_line_is_cut_to_the_terminal_between_two_parts(int columns, string shown)
    {
        new ProgressLine(_screen, () => columns, () => true).Show("   1.5 s  12,345  98/s");

        Assert.Equal("\r" + shown, _screen.ToString());
    }

    [Fact]
    public void A_progress_line_is_not_written_while_another_job_uses_the_terminal()
    {
        bool isOurs = true;
        ProgressLine line = new(_screen, () => 80, () => isOurs);
        line.Show("ours");
        isOurs = false;
        Assert.False(line.IsShown);
        line.Clear();

        Assert.Equal("\rours", _screen.ToString());
    }

    [Fact]
    public void A_progress_line_that_was_never_shown_is_not_cleared()
    {
        new ProgressLine(_screen, () => 80, () => true).Clear();

        Assert.Equal("", _screen.ToString());
    }

    [Fact]
    public void A_character_that_is_split_over_segments_is_printed_whole()
    {
        Transcript transcript = new(_screen, withPrompt: false);
        foreach (byte one in Encoding.UTF8.GetBytes("你好 🙂\n"))
            transcript.Print([one]);
        transcript.End();

        Assert.Equal("你好 🙂\n", _screen.ToString());
    }

    [Fact]
    public void An_incomplete_character_at_the_end_is_printed_as_a_replacement()
    {
        Transcript transcript = new(_screen, withPrompt: false);
        transcript.Print([(byte)'a', 0xe4]);
        transcript.End();

        Assert.Equal("a\ufffd", _screen.ToString());
    }

    [Fact]
    public void Control_characters_do_not_reach_the_terminal_except_for_tabs_and_ends_of_lines()
    {
        new Transcript(_screen, withPrompt: false).Print("a\tb\x1b[31m\r\n"u8);

        Assert.Equal("a\tb\\u001b[31m\\r\n", _screen.ToString());
    }

    [Fact]
    public void The_prompt_comes_first_and_is_overwritten_by_a_greeting()
    {
        Transcript transcript = new(_screen, withPrompt: true);
        transcript.Prompt();
        transcript.Print("hello"u8);
        transcript.Prompt();
        transcript.Prompt();
        transcript.End();

        Assert.Equal("> \r  \rhello\n> \n", _screen.ToString());
    }
}
