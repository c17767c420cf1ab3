using System.Globalization;
using System.Text;

namespace EchoModels.Cli.CommandLine;

/// <summary>Escapes received text before it is printed: what a client sends must not control the terminal.</summary>
internal static class Printable
{
    /// <summary>Replaces control characters (C0, DEL, C1) and invisible characters that change the writing direction with escapes.</summary>
    public static string Escape(string text)
    {
        StringBuilder safe = new(text.Length);
        foreach (char letter in text)
        {
            UnicodeCategory category = char.GetUnicodeCategory(letter);
            bool harmful = category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;
            _ = letter switch
            {
                '\n' => safe.Append("\\n"),
                '\r' => safe.Append("\\r"),
                '\t' => safe.Append("\\t"),
                _ when harmful => safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
                _ => safe.Append(letter),
            };
        }

        return safe.ToString();
    }
}
