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

    public static TheoryData<string> All => [.. Available];
}
