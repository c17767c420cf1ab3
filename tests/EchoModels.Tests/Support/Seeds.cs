using System.Globalization;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>Where random tests take their seed from: the environment, or chance; and it is printed.</summary>
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
}
