using Xunit.v3;

namespace EchoModels.Testing;

/// <summary>Leaves a test, or all tests of a class, out of the quick set: <c>dotnet test --filter "Speed!=slow"</c>.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class SlowAttribute : Attribute, ITraitAttribute
{
    public const string Trait = "Speed";
    public const string Slow = "slow";

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new(Trait, Slow)];
}
