using System.Globalization;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>The seed of a random test: from the environment, or random; it is printed.</summary>
internal static class Seeds
{
    public const string Variable = "ECHOMODELS_SEED";

    public static int Take()
    {
        string? given = Environment.GetEnvironmentVariable(Variable);
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Variable}={seed}");
        return seed;
    }

    /// <summary>Whether the environment gives one.</summary>
    public static bool IsGiven => Environment.GetEnvironmentVariable(Variable) is not null;

    /// <summary>Takes so many in a row, the first by chance; or only the one that the environment gives.</summary>
    public static IReadOnlyList<int> Take(int count)
    {
        int first = Take();
        return IsGiven ? [first] : [.. Enumerable.Range(0, count).Select(i => unchecked(first + i))];
    }
}
