namespace EchoModels.Cli.CommandLine;

/// <summary>Finds the word that was probably meant.</summary>
internal static class Nearest
{
    /// <summary>A question that ends an error, such as <c>; did you mean 'epoll'?</c>; empty if no word is near.</summary>
    public static string Question(string text, IEnumerable<string> words) =>
        Find(text, words) is { } word ? $"; did you mean '{word}'?" : "";

    /// <summary>The word with the fewest changes from a text; null if that is more than one change for every three letters.</summary>
    /// <remarks>A word that begins with the text is near, however much of it is missing.</remarks>
    public static string? Find(string text, IEnumerable<string> words)
    {
        string wanted = text.ToLowerInvariant();
        if (wanted.Trim('-').Length == 0)
            return null;

        string[] candidates = [.. words];
        string? nearest = candidates.MinBy(word => Changes(wanted, word));
        if (nearest is not null && Changes(wanted, nearest) <= Math.Max(1, wanted.Trim('-').Length / 3))
            return nearest;

        string[] beginnings = [.. candidates.Where(word => wanted.Trim('-').Length > 1 && word.StartsWith(wanted, StringComparison.Ordinal))];
        return beginnings is [string only] ? only : null;
    }

    /// <summary>How many letters are inserted, deleted, replaced or exchanged with their neighbour: the Damerau-Levenshtein distance.</summary>
    private static int Changes(string from, string to)
    {
        int[,] changes = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
            changes[i, 0] = i;
        for (int j = 0; j <= to.Length; j++)
            changes[0, j] = j;

        for (int i = 1; i <= from.Length; i++)
        {
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = changes[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                changes[i, j] = Math.Min(replaced, 1 + Math.Min(changes[i - 1, j], changes[i, j - 1]));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    changes[i, j] = Math.Min(changes[i, j], changes[i - 2, j - 2] + 1);
            }
        }

        return changes[from.Length, to.Length];
    }
}
