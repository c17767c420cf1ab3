using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Client;

/// <summary>One line on the terminal, written over and over in place; nothing where nobody watches.</summary>
/// <param name="terminal">Where it is written; null for nowhere.</param>
/// <param name="width">The terminal's width in columns; 0 if it does not know it.</param>
/// <param name="isOurs">Whether the terminal is ours just now; another's line must not be written over.</param>
internal sealed class ProgressLine(TextWriter? terminal, Func<int> width, Func<bool> isOurs)
{
    private const string Gap = "  "; // between two parts of the text

    private int _length;

    public static ProgressLine None { get; } = new(null, () => 0, () => false);

    public bool IsShown => terminal is not null && isOurs();

    /// <summary>On stderr, if that is a terminal which can go back to the beginning of a line.</summary>
    public static ProgressLine OnStandardError()
    {
        bool isDumb = Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
        return new ProgressLine(Console.IsErrorRedirected || isDumb ? null : Console.Error, () => Console.WindowWidth, () => Terminal.IsOurs(2));
    }

    /// <summary>Puts this text in the place of the one before. Of one wider than the terminal, only whole parts: half a number is a wrong one.</summary>
    public void Show(string text)
    {
        const int Usual = 80; // a terminal that does not know its width says 0
        int columns = width();
        int room = (columns > 0 ? columns : Usual) - 1; // a full line would wrap, and could not be written over
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
