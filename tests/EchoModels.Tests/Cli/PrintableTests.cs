using EchoModels.Cli.CommandLine;
using Xunit;

namespace EchoModels.Tests.Cli;

/// <summary>Nothing that a client sends controls the terminal that it is printed on.</summary>
public sealed class PrintableTests
{
    [Theory]
    [InlineData("")]
    [InlineData("hello, world")]
    [InlineData("你好 naïve Ω")]
    [InlineData("\U0001F600")]
    public void Does_not_change_text(string text) => Assert.Equal(text, Printable.Escape(text));

    [Theory]
    [InlineData("\n", "\\n")]
    [InlineData("\r", "\\r")]
    [InlineData("\t", "\\t")]
    [InlineData("\0", "\\u0000")]
    [InlineData("\u0007", "\\u0007")]
    [InlineData("\u001b[2J", "\\u001b[2J")]
    [InlineData("\u007f", "\\u007f")]
    [InlineData("\u0085", "\\u0085")]
    [InlineData("\u009b31m", "\\u009b31m")]
    [InlineData("\u200e", "\\u200e")]
    [InlineData("\u200f", "\\u200f")]
    [InlineData("\u202a", "\\u202a")]
    [InlineData("\u202e", "\\u202e")]
    [InlineData("\u2066", "\\u2066")]
    [InlineData("\u2069", "\\u2069")]
    [InlineData("\u061c", "\\u061c")]
    [InlineData("\u2028", "\\u2028")]
    [InlineData("\u2029", "\\u2029")]
    [InlineData("\ufeff", "\\ufeff")]
    [InlineData("\u200b", "\\u200b")]
    public void Escapes_what_controls_a_terminal(string text, string expected) => Assert.Equal(expected, Printable.Escape(text));

    [Fact]
    public void Lets_no_control_character_through()
    {
        for (int i = 0; i <= 0x9f; i++)
            Assert.DoesNotContain(Printable.Escape(((char)i).ToString()), char.IsControl);
    }
}
