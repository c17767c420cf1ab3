namespace EchoModels.SystemTests.Windows;

/// <summary>The models that Windows has; one of the tests compares them with those that the program lists there.</summary>
public static class WindowsModels
{
    public static readonly string[] Names = ["blocking", "threads", "thread-pool", "busy-poll", "select", "async"];

    /// <summary>A row for each.</summary>
    public static TheoryData<string> All => [.. Names];

    /// <summary>A walk over the models that takes each ordered pair of two once.</summary>
    public static IReadOnlyList<string> EveryPair()
    {
        // At each model, the pair that has been left out so far and goes to the model farthest on in the list; the walk never gets stuck.
        List<string> walk = [Names[0]];
        HashSet<(string, string)> taken = [];
        while (Names.LastOrDefault(next => next != walk[^1] && !taken.Contains((walk[^1], next))) is { } next)
        {
            taken.Add((walk[^1], next));
            walk.Add(next);
        }

        Assert.Equal(Names.Length * (Names.Length - 1), taken.Count);
        return walk;
    }
}
