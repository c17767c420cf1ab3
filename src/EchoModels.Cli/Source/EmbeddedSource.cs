using System.Reflection;
using System.Text;

namespace EchoModels.Cli.Source;

/// <summary>The library's source as it was when this program was built, by paths from the library's folder.</summary>
internal static class EmbeddedSource
{
    private const string Prefix = "source/";

    private static readonly Assembly Program = typeof(EmbeddedSource).Assembly;

    /// <summary>The resource of each path; a path has slashes on every system.</summary>
    private static readonly SortedDictionary<string, string> Resources = new(
        Program.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(name => name[Prefix.Length..].Replace('\\', '/')), StringComparer.Ordinal);

    /// <summary>All paths, in order.</summary>
    public static IReadOnlyCollection<string> Paths => Resources.Keys;

    /// <summary>The path that is meant: a whole one, or the name of a file, in upper or lower case, with or without <c>.cs</c>.</summary>
    /// <returns>Null if there is none, or more than one.</returns>
    public static string? Find(string text)
    {
        string path = text.EndsWith(".cs", StringComparison.OrdinalIgnoreCase) ? text : text + ".cs";
        string[] found = [.. Paths.Where(candidate => string.Equals(candidate, path, StringComparison.OrdinalIgnoreCase)
            || string.Equals(Path.GetFileName(candidate), path, StringComparison.OrdinalIgnoreCase))];
        return found is [string only] ? only : null;
    }

    /// <summary>The bytes of a file.</summary>
    public static byte[] ReadBytes(string path)
    {
        using Stream stream = Program.GetManifestResourceStream(Resources[path])!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The text of a file.</summary>
    public static string Read(string path) => Encoding.UTF8.GetString(ReadBytes(path)).TrimStart('\uFEFF');
}
