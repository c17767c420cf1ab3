using EchoModels.Metering;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>The models that a contract is run for: every row of the table that can be had here.</summary>
internal static class EveryModel
{
    /// <summary>More clients at once than any contract brings.</summary>
    private const int MostAtOnce = 256;

    private static readonly ModelRow Epoll = ModelTable.Find("epoll")!;

    /// <summary>A row of the table with an option that makes another model of it.</summary>
    private static readonly ModelRow Edge =
        Epoll with { Name = "epoll-edge", Create = context => Epoll.Create(new ModelContext(context.Tally) { EdgeTriggered = true }) };

    public static TheoryData<string> Here => [.. Names];

    /// <summary>Models that give every connection back when they are told to stop.</summary>
    public static TheoryData<string> HandingOver => [.. Names.Where(name => !Find(name).KeepsConnections)];

    public static TheoryData<string> ServingAll => [.. Names.Where(ServesAll)];

    /// <summary>Every ordered pair, each model with itself included.</summary>
    public static TheoryData<string, string> Pairs => [.. Names.SelectMany(from => Names.Select(to => (from, to)))];

    public static IReadOnlyList<string> Names { get; } = [.. ModelTable.Rows.Append(Edge).Where(row => row.WhyNot() is null).Select(row => row.Name)];

    /// <summary>Models that serve only some clients at a time by design: what is demanded of more at once is not demanded of these.</summary>
    public static bool ServesAll(string model) => Find(model).AtOnce(new ModelContext(new Tally())) >= MostAtOnce;

    /// <summary>Models that are told of changes only: after an EAGAIN that is a lie, they wait for what was told already.</summary>
    public static bool TrustsWouldBlock(string model) => model is "signal" or "epoll-edge";

    public static ModelRow Find(string model) =>
        (model == Edge.Name ? Edge : ModelTable.Find(model)) ?? throw new ArgumentException($"no model '{model}'", nameof(model));

    /// <summary>The same model under another name, so that a host does not take it for the one that serves already.</summary>
    public static ModelRow Twin(string model)
    {
        ModelRow row = Find(model);
        return row with { Name = $"{model} again" };
    }
}
