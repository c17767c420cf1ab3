using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using EchoModels.Cli.Source;
using Xunit;

namespace EchoModels.Tests.Cli;

/// <summary>The code that is embedded is the code that was built, and its colours tell tokens apart.</summary>
public sealed partial class SourceTests
{
    private static string Library => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../src/EchoModels.Core"));

    [Fact]
    public void Every_file_of_the_library_is_embedded_byte_for_byte()
    {
        string[] files = [.. Directory.EnumerateFiles(Library, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Library, file)).Where(file => !file.StartsWith("bin/", StringComparison.Ordinal) && !file.StartsWith("obj/", StringComparison.Ordinal))];

        Assert.InRange(files.Length, 100, 1_000);
        Assert.Equal(files.Order(StringComparer.Ordinal), EmbeddedSource.Paths);
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(Path.Combine(Library, file)), EmbeddedSource.ReadBytes(file)));
    }

    [Fact]
    public void Every_page_of_every_model_is_embedded() =>
        Assert.All(ModelTable.Rows, row => Assert.Subset(EmbeddedSource.Paths.ToHashSet(), row.Pages.ToHashSet()));

    [Fact]
    public void Colours_change_no_character_of_any_page() => Assert.All(EmbeddedSource.Paths, path =>
    {
        string text = EmbeddedSource.Read(path);
        string coloured = Highlighter.Colour(text);
        Assert.Equal(text, Colour().Replace(coloured, ""));
        Assert.All(coloured.Split('\n'), line => Assert.Equal(line.Contains('\u001b'), line.LastIndexOf("\u001b[0m", StringComparison.Ordinal) is >= 0 and int end && end == line.LastIndexOf('\u001b')));
    });

    [Theory]
    [InlineData("return x;", "<k>return</> x;")]
    [InlineData("// return \"x\"", "<c>// return \"x\"</>")]
    [InlineData("/* a */ if", "<c>/* a */</> <k>if</>")]
    [InlineData("\"a // b\" + c", "<s>\"a // b\"</> + c")]
    [InlineData("\"a \\\" b\" + new", "<s>\"a \\\" b\"</> + <k>new</>")]
    [InlineData("@\"a\\\" + new", "<s>@\"a\\\"</> + <k>new</>")]
    [InlineData("@\"a \"\" b\" + new", "<s>@\"a \"\" b\"</> + <k>new</>")]
    [InlineData("$\"{(x ? \"a\" : \"b\")}\" + new", "<s>$\"{(x ? \"a\" : \"b\")}\"</> + <k>new</>")]
    [InlineData("$\"{{x\" + new", "<s>$\"{{x\"</> + <k>new</>")]
    [InlineData("\"\"\"a \" b\"\"\" + new", "<s>\"\"\"a \" b\"\"\"</> + <k>new</>")]
    [InlineData("'\"' + new", "<s>'\"'</> + <k>new</>")]
    [InlineData("'\\'' + new", "<s>'\\''</> + <k>new</>")]
    [InlineData("newer @new x1 10", "newer @new x1 <s>10</>")]
    public void Keywords_comments_and_strings_are_told_apart(string code, string expected)
    {
        string coloured = Highlighter.Colour(code).Replace("\u001b[38;5;33m", "<k>").Replace("\u001b[38;5;28m", "<c>").Replace("\u001b[38;5;166m", "<s>").Replace("\u001b[0m", "</>");
        Assert.Equal(expected, coloured);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"\u001b\[[0-9;]*m")]
    private static partial Regex Colour();
}
