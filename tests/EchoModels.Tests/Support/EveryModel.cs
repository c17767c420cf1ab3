using EchoModels.Kernel;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>The models that a contract is run for: every row of the table that can be had here.</summary>
internal static class EveryModel
{
    /// <summary>More clients at once than any contract brings.</summary>
    private const int MostAtOnce = 256;

    /// <summary>Rows of the table with an option that makes another model of them.</summary>
    private static readonly ModelRow[] Variants =
    [
        Variant("epoll-edge", "epoll", counters => new ModelContext(counters) { EdgeTriggered = true }),
        Variant("epoll-loops", "epoll", counters => new ModelContext(counters) { Loops = 3 }),
        Variant("io-uring-loops", "io-uring", counters => new ModelContext(counters) { Loops = 3 }),
    ];

    public static TheoryData<string> Here => [.. Names];

    /// <summary>Models that give every connection back when they are told to stop.</summary>
    public static TheoryData<string> HandingOver => [.. Names.Where(name => !Find(name).KeepsConnections)];

    public static TheoryData<string> ServingAll => [.. Names.Where(ServesAll)];

    /// <summary>Every ordered pair, each model with itself included.</summary>
    public static TheoryData<string, string> Pairs => [.. Names.SelectMany(from => Names.Select(to => (from, to)))];

    public static IReadOnlyList<string> Names { get; } = [.. ModelTable.Rows.Concat(Variants).Where(row => row.UnavailableReason() is null).Select(row => row.Name)];

    /// <summary>Models that serve only some clients at a time by design: what is demanded of more at once is not demanded of these.</summary>
    public static bool ServesAll(string model) => Find(model).AtOnce(new ModelContext(new CallCounters())) >= MostAtOnce;

    /// <summary>Models that are told of changes only: after an EAGAIN that is a lie, they wait for what was told already.</summary>
    public static bool TrustsWouldBlock(string model) => model is "signal" or "epoll-edge";

    /// <summary>Models that take a receive which leaves room in the buffer for the last, as no TCP cuts one short without telling.</summary>
    public static bool TrustsShortRead(string model) => model is "epoll-edge";

    public static ModelRow Find(string model) =>
        Array.Find(Variants, row => row.Name == model) ?? ModelTable.Find(model) ?? throw new ArgumentException($"no model '{model}'", nameof(model));

    private static ModelRow Variant(string name, string of, Func<CallCounters, ModelContext> settings)
    {
        ModelRow row = ModelTable.Find(of)!;
        return row with { Name = name, Create = context => row.Create(settings(context.CallCounters)) };
    }

    /// <summary>The same model under another name, so that a host does not take it for the one that serves already.</summary>
    public static ModelRow Twin(ModelRow model) => model with { Name = $"{model.Name} again" };
}
