using System.Text;

namespace EchoModels.Cli.CommandLine;

/// <summary>Rows of columns as text: each column as wide as its longest cell, the last one broken between words to fit the window.</summary>
internal sealed class TextTable(params string[] headings)
{
    private const int Gap = 2;

    private readonly List<string[]> _rows = [headings];

    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>The lines, without blanks at their ends.</summary>
    /// <param name="width">The most columns of the window that a line may take.</param>
    /// <param name="cut">Whether the last column is cut to one line, which then ends with …, and not broken.</param>
    public IReadOnlyList<string> Lines(int width, bool cut = false)
    {
        int last = _rows[0].Length - 1;
        int[] widths = [.. Enumerable.Range(0, last).Select(column => _rows.Max(row => row[column].Length) + Gap)];
        int indent = widths.Sum();
        List<string> lines = [];
        foreach (string[] row in _rows)
        {
            StringBuilder line = new();
            for (int column = 0; column < last; column++)
                line.Append(row[column].PadRight(widths[column]));

            IReadOnlyList<string> pieces = cut ? [Cut(row[last], width - indent)] : Break(row[last], width - indent);
            lines.Add((line + pieces[0]).TrimEnd());
            lines.AddRange(pieces.Skip(1).Select(piece => new string(' ', indent) + piece));
        }

        return lines;
    }

    /// <summary>Breaks a text between words into lines of at most so many characters; a word that is longer has a line of its own.</summary>
    public static IReadOnlyList<string> Break(string text, int width)
    {
        List<string> lines = [];
        StringBuilder line = new();
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line.ToString());
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : "").Append(word);
        }

        lines.Add(line.ToString());
        return lines;
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..Math.Max(0, width - 1)].TrimEnd(' ', ',', ';', ':') + "…";
}
