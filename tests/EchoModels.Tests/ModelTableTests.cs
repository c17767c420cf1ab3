using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

public sealed class ModelTableTests
{
    /// <summary>A contract runs for what can be had; nothing is left out in silence.</summary>
    [Fact]
    public void Names_every_model_that_cannot_be_had_here()
    {
        List<string> missing = [.. ModelTable.Rows.Where(row => row.IsForThisSystem && row.UnavailableReason() is not null).Select(row => $"{row.Name}: {row.UnavailableReason()}")];
        foreach (string model in missing)
            TestContext.Current.TestOutputHelper?.WriteLine($"not run here: {model}");

        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            Assert.Empty(missing);

        Assert.NotEmpty(EveryModel.Names);
    }

    [Fact]
    public void Finds_each_row_by_its_name() =>
        Assert.All(ModelTable.Rows, row => Assert.Same(row, ModelTable.Find(row.Name)));

    [Fact]
    public void Finds_nothing_by_a_name_that_is_not_there() => Assert.Null(ModelTable.Find("telepathy"));

    [Fact]
    public void Says_of_each_model_what_it_is_and_what_it_waits_in() => Assert.All(ModelTable.Rows, row =>
    {
        Assert.Matches("^[a-z][a-z-]*$", row.Name);
        Assert.NotEmpty(row.Summary);
        Assert.NotEmpty(row.WaitsIn);
        Assert.NotEmpty(row.Threads);
    });

    [Fact]
    public void Has_no_name_twice() =>
        Assert.Equal(ModelTable.Rows.Count, ModelTable.Rows.Select(row => row.Name).Distinct().Count());
}
