using EchoModels.Kernel;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>The models that a contract is run for: every available row of the table, and variants of some.</summary>
internal static class EveryModel
{
    /// <summary>More concurrent clients than any contract has.</summary>
    private const int MaxClients = 256;

    /// <summary>Rows of the table with an option that changes how they work.</summary>
    private static readonly ModelRow[] Variants =
    [
        Variant("epoll-edge", "epoll", options => options with { EdgeTriggered = true }),
        Variant("epoll-loops", "epoll", options => options with { Loops = 3 }),
        Variant("io-uring-loops", "io-uring", options => options with { Loops = 3 }),
    ];

    public static TheoryData<string> Available => [.. Names];

    /// <summary>Models that hand every connection on when they stop.</summary>
    public static TheoryData<string> HandingOver => [.. Names.Where(name => !Find(name).KeepsConnections)];

    public static TheoryData<string> ServingAll => [.. Names.Where(ServesAll)];

    /// <summary>Every ordered pair, each model with itself included.</summary>
    public static TheoryData<string, string> Pairs => [.. Names.SelectMany(from => Names.Select(to => (from, to)))];

    public static IReadOnlyList<string> Names { get; } = [.. ModelTable.Rows.Concat(Variants).Where(row => row.UnavailableReason() is null).Select(row => row.Name)];

    /// <summary>Whether a model serves any number of clients concurrently; tests with many clients leave the others out.</summary>
    public static bool ServesAll(string model) => Find(model).MaxConcurrent(new ModelOptions()) >= MaxClients;

    /// <summary>Models that get events for changes only: after a false EAGAIN, they wait for an event that they have had already.</summary>
    public static bool TrustsWouldBlock(string model) => model is "signal" or "epoll-edge";

    /// <summary>Models for which a receive that leaves room in the buffer is the last: TCP does not shorten one without an event.</summary>
    public static bool TrustsShortRead(string model) => model is "epoll-edge";

    /// <summary>Models that make no call through <see cref="IKernel"/>: the kernel accepts, receives and sends by itself.</summary>
    public static bool MakesNoCalls(string model) => model is "io-uring" or "io-uring-loops";

    /// <summary>Models that only accept through <see cref="IKernel"/>: a child process receives and sends.</summary>
    public static bool OnlyAccepts(string model) => model is "process";

    public static ModelRow Find(string model) =>
        Array.Find(Variants, row => row.Name == model) ?? ModelTable.Find(model) ?? throw new ArgumentException($"no model '{model}'", nameof(model));

    /// <summary>A model whose options are always changed like this.</summary>
    public static ModelRow Variant(string name, string of, Func<ModelOptions, ModelOptions> change)
    {
        ModelRow row = ModelTable.Find(of)!;
        return row with
        {
            Name = name,
            Create = context => row.Create(new ModelContext(change(context.Options), context.Selectors, context.Children, context.ChildCommand)),
        };
    }

    /// <summary>The same model under another name, so that a host switches to it while the model serves.</summary>
    public static ModelRow Twin(ModelRow model) => model with { Name = $"{model.Name} again" };
}
