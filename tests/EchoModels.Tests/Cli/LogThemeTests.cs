using System.Globalization;
using EchoModels.Cli.Serving;
using Xunit;

namespace EchoModels.Tests.Cli;

public sealed class LogThemeTests
{
    /// <summary>The contrast that WCAG 2.1 asks of large text and of signs (1.4.3, 1.4.11).</summary>
    private const double Enough = 3;

    [Theory]
    [InlineData(LogTheme.Grey)]
    [InlineData(LogTheme.Blue)]
    [InlineData(LogTheme.Orange)]
    [InlineData(LogTheme.Red)]
    [InlineData(LogTheme.Green)]
    public void Every_colour_can_be_read_on_black_and_on_white(string colour)
    {
        double luminance = Luminance(int.Parse(colour.Split(';', 'm')[2], CultureInfo.InvariantCulture));
        Assert.True((luminance + 0.05) / 0.05 >= Enough, $"{colour[1..]} on black: {(luminance + 0.05) / 0.05:0.0}");
        Assert.True(1.05 / (luminance + 0.05) >= Enough, $"{colour[1..]} on white: {1.05 / (luminance + 0.05):0.0}");
    }

    /// <summary>The relative luminance of a colour of xterm's 256: a cube of six steps a component from 16 on, then 24 greys.</summary>
    private static double Luminance(int number)
    {
        Assert.InRange(number, 16, 255); // the first sixteen are as the user likes them
        int[] steps = [0, 95, 135, 175, 215, 255];
        (int red, int green, int blue) = number < 232
            ? (steps[(number - 16) / 36], steps[(number - 16) / 6 % 6], steps[(number - 16) % 6])
            : (8 + ((number - 232) * 10), 8 + ((number - 232) * 10), 8 + ((number - 232) * 10));
        return (0.2126 * Linear(red)) + (0.7152 * Linear(green)) + (0.0722 * Linear(blue));
    }

    private static double Linear(int component)
    {
        double share = component / 255.0;
        return share <= 0.03928 ? share / 12.92 : Math.Pow((share + 0.055) / 1.055, 2.4);
    }
}
