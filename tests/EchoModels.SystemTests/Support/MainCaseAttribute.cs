using Xunit.v3;

namespace EchoModels.SystemTests.Support;

/// <summary>A test that is also run against the native executable: <c>tests/native</c> publishes it, and filters by <c>Native=main</c>.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class MainCaseAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Native", "main")];
}
