using Serilog.Sinks.SystemConsole.Themes;

namespace EchoModels.Cli.Serving;

/// <summary>The colours of log lines: each can be read on black and on white.</summary>
/// <remarks>
/// The text itself has the terminal's own colour. The others are of the fixed part of the 256 colours, as terminals define the first 16 as
/// they like: each has a contrast of at least 3 to 1 with black and with white (WCAG 2.1, 1.4.11).
/// </remarks>
internal static class LogTheme
{
    public const string Grey = "\u001b[38;5;244m";
    public const string Blue = "\u001b[38;5;33m";
    public const string Orange = "\u001b[38;5;166m";
    public const string Red = "\u001b[38;5;196m";
    public const string Green = "\u001b[38;5;28m";
    public const string Reset = "\u001b[0m";

    public static AnsiConsoleTheme Colours { get; } = new(new Dictionary<ConsoleThemeStyle, string>
    {
        [ConsoleThemeStyle.Text] = "",
        [ConsoleThemeStyle.SecondaryText] = Grey,
        [ConsoleThemeStyle.TertiaryText] = Grey,
        [ConsoleThemeStyle.Invalid] = Orange,
        [ConsoleThemeStyle.Null] = "",
        [ConsoleThemeStyle.Name] = "",
        [ConsoleThemeStyle.String] = "",
        [ConsoleThemeStyle.Number] = "",
        [ConsoleThemeStyle.Boolean] = "",
        [ConsoleThemeStyle.Scalar] = "",
        [ConsoleThemeStyle.LevelVerbose] = Grey,
        [ConsoleThemeStyle.LevelDebug] = Grey,
        [ConsoleThemeStyle.LevelInformation] = Blue,
        [ConsoleThemeStyle.LevelWarning] = Orange,
        [ConsoleThemeStyle.LevelError] = Red,
        [ConsoleThemeStyle.LevelFatal] = Red,
    });
}
