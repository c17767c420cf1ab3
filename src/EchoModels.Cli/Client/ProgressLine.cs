namespace EchoModels.Cli.Client;

/// <summary>One line on the terminal, written over and over in place; nothing where nobody watches.</summary>
internal sealed class ProgressLine(TextWriter? terminal, Func<int> width)
{
    private int _length;

    public bool IsShown => terminal is not null;

    /// <summary>On stderr, if that is a terminal which can go back to the beginning of a line.</summary>
    public static ProgressLine OnStandardError()
    {
        bool isDumb = Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
        return new ProgressLine(Console.IsErrorRedirected || isDumb ? null : Console.Error, () => Console.WindowWidth);
    }

    /// <summary>Puts this text in the place of the one before, cut to the terminal's width.</summary>
    public void Show(string text)
    {
        const int Usual = 80; // a terminal that does not know its width says 0
        int columns = width();
        int room = (columns > 0 ? columns : Usual) - 1; // a full line would wrap, and could not be written over
        string line = text.Length > room ? text[..room] : text;
        terminal?.Write($"\r{line.PadRight(Math.Min(_length, room))}");
        terminal?.Flush();
        _length = line.Length;
    }

    /// <summary>Leaves an empty line, with the cursor at its beginning.</summary>
    public void Clear()
    {
        if (_length == 0)
            return;

        Show("");
        terminal?.Write('\r');
        terminal?.Flush();
    }
}
