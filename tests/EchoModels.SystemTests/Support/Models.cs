using System.Text.Json;

namespace EchoModels.SystemTests.Support;

/// <summary>The models, as the program itself lists them: a new row is tested without another word.</summary>
public static class Models
{
    private static readonly Lazy<JsonElement[]> Listed = new(() =>
    {
        Outcome outcome = Executable.Run("models", "--json");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        return [.. JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray()];
    });

    /// <summary>Every row of the list.</summary>
    public static IReadOnlyList<JsonElement> Rows => Listed.Value;

    /// <summary>The names of those that can be had here.</summary>
    public static string[] Available =>
        [.. Rows.Where(row => row.GetProperty("available").GetBoolean()).Select(row => row.GetProperty("name").GetString()!)];

    /// <summary>Those that hand their connections over at a switch; a child process keeps its own.</summary>
    public static string[] HandingOver => [.. Available.Where(name => name != "process")];

    public static TheoryData<string> All => [.. Available];

    /// <summary>Those that serve in the server's own process, which so knows what was said; a child process keeps that to itself.</summary>
    public static TheoryData<string> InProcess => [.. Available.Where(name => name != "process")];
}
