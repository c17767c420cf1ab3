using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Client;

/// <summary>One line on the terminal that is overwritten in place; nothing where stderr is no terminal.</summary>
/// <param name="terminal">The terminal to write to; null for none.</param>
/// <param name="width">The terminal's width in columns; 0 if it is unknown.</param>
/// <param name="isForeground">Whether this program is the terminal's foreground job; the line of another job must not be overwritten.</param>
internal sealed class ProgressLine(TextWriter? terminal, Func<int> width, Func<bool> isForeground)
{
    private const string Gap = "  "; // between two parts of the text

    private int _length;

    public static ProgressLine None { get; } = new(null, () => 0, () => false);

    public bool IsShown => terminal is not null && isForeground();

    /// <summary>A progress line on stderr, if that is a terminal that can return to the beginning of a line.</summary>
    public static ProgressLine OnStandardError()
    {
        bool isDumb = Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
        return new ProgressLine(Console.IsErrorRedirected || isDumb ? null : Console.Error, () => Console.WindowWidth, () => Terminal.IsForeground(2));
    }

    /// <summary>Overwrites the previous text. A text wider than the terminal is cut between two parts, as half a number is a wrong one.</summary>
    public void Show(string text)
    {
        const int DefaultColumns = 80; // a terminal of unknown width reports 0
        int columns = width();
        int room = (columns > 0 ? columns : DefaultColumns) - 1; // a full line would wrap, and could not be overwritten
        string line = text.Length <= room ? text : text[..Math.Max(text.LastIndexOf(Gap, room + 1, StringComparison.Ordinal), 0)].TrimEnd();
        terminal?.Write($"\r{line.PadRight(Math.Min(_length, room))}");
        terminal?.Flush();
        _length = line.Length;
    }

    /// <summary>Leaves an empty line, with the cursor at its beginning.</summary>
    public void Clear()
    {
        if (_length == 0 || !IsShown)
            return;

        Show("");
        terminal?.Write('\r');
        terminal?.Flush();
    }
}
