using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>The models that a contract is run for: every row of the table that can be had here.</summary>
internal static class EveryModel
{
    /// <summary>Models that serve one client at a time by design: what is demanded of several clients at once is not demanded of these.</summary>
    private static readonly string[] OneAtATime = ["blocking"];

    public static TheoryData<string> Here => [.. Names];

    public static TheoryData<string> ServingAll => [.. Names.Where(ServesAll)];

    /// <summary>Every ordered pair, each model with itself included.</summary>
    public static TheoryData<string, string> Pairs => [.. Names.SelectMany(from => Names.Select(to => (from, to)))];

    public static IReadOnlyList<string> Names { get; } = [.. ModelTable.Rows.Where(row => row.WhyNot() is null).Select(row => row.Name)];

    public static bool ServesAll(string model) => !OneAtATime.Contains(model);

    public static ModelRow Find(string model) =>
        ModelTable.Find(model) ?? throw new ArgumentException($"no model '{model}'", nameof(model));

    /// <summary>The same model under another name, so that a host does not take it for the one that serves already.</summary>
    public static ModelRow Twin(string model)
    {
        ModelRow row = Find(model);
        return row with { Name = $"{model} again" };
    }
}
