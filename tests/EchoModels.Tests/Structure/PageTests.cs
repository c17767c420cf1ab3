using Xunit;

namespace EchoModels.Tests.Structure;

/// <summary>The pages that are projected on a wall: which they are, and how long.</summary>
public sealed class PageTests
{
    private const int MaxLines = 70;
    private const int MaxLinesOfCompletionLoop = 90;

    private static readonly string Library = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../src/EchoModels.Core"));

    public static TheoryData<string> Models => [.. Directory.GetFiles(Path.Combine(Library, "Models")).Select(file => $"Models/{Path.GetFileName(file)}")];

    public static TheoryData<string> Rows => [.. ModelTable.Rows.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Every_model_names_pages_that_exist_its_own_first(string name)
    {
        ModelRow row = ModelTable.Find(name)!;

        Assert.NotEmpty(row.Pages);
        Assert.StartsWith("Models/", row.Pages[0], StringComparison.Ordinal);
        Assert.All(row.Pages, page => Assert.True(File.Exists(Path.Combine(Library, page)), page));
    }

    /// <summary>The several loops of one model are an option of many rows, so no row has them as a page.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void The_folder_of_models_holds_models_and_nothing_else(string page) =>
        Assert.True(page == "Models/MultiLoopServer.cs" || ModelTable.Rows.Any(row => row.Pages[0] == page), page);

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_is_one_page(string page) => Assert.InRange(LinesOf(page), 1, MaxLines);

    [Fact]
    public void The_completion_loop_is_one_page() => Assert.InRange(LinesOf("IoUring/UringProactor.cs"), 1, MaxLinesOfCompletionLoop);

    [Fact]
    public void No_file_of_the_library_is_longer_than_250_lines()
    {
        // Declarations of the C library, one a line; to part them would only part them.
        string[] exceptions = ["Posix/Libc.cs"];
        IEnumerable<string> files = Directory.GetFiles(Library, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Library, file).Replace('\\', '/'))
            .Where(file => !file.StartsWith("obj/", StringComparison.Ordinal) && !file.StartsWith("bin/", StringComparison.Ordinal));

        Assert.All(files.Except(exceptions), file => Assert.True(LinesOf(file) <= 250, $"{file}: {LinesOf(file)} lines"));
    }

    private static int LinesOf(string page) => File.ReadLines(Path.Combine(Library, page)).Count();

    private static string ThisFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;
}
