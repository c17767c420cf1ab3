using System.Globalization;
using EchoModels.Kernel;
using EchoModels.Selectors;

namespace EchoModels;

/// <summary>The options that only some models have.</summary>
[Flags]
public enum ModelOption
{
    None = 0,
    Selector = 1,
    Trigger = 2,
    Workers = 4,
    Loops = 8,
    Spin = 16,
}

/// <summary>The value of every option; a model uses those that it has.</summary>
public sealed record ModelOptions
{
    /// <summary>Whether epoll reports only changes (edge-triggered), and not what is ready (level-triggered).</summary>
    public bool EdgeTriggered { get; init; }

    /// <summary>Threads of the thread pool.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount * 4;

    /// <summary>Event loops, each on a thread of its own.</summary>
    public int Loops { get; init; } = 1;

    /// <summary>How long a loop asks again without sleeping before it sleeps.</summary>
    public TimeSpan Spin { get; init; }

    /// <summary>A selector that is taken instead of the model's own, without falling back; null takes the first that works.</summary>
    /// <remarks>It holds for the models that may fall back to it (<see cref="SelectorsOf"/>); every other model serves as if it were null.</remarks>
    public SelectorRow? Selector { get; init; }

    /// <summary>The selectors that can be forced for a model: its own, and those that it falls back to; none for a model without the choice.</summary>
    /// <remarks>A model serves under its own name only what it is, or what it would fall back to: never epoll under the name of poll.</remarks>
    public static IEnumerable<SelectorRow> SelectorsOf(ModelRow model) =>
        Has(model, ModelOption.Selector) ? SelectorTable.Rows.SkipWhile(row => row.Name != model.Name) : [];

    /// <summary>The same, with every option that a model does not have at its default: two of these are equal if the model would serve alike.</summary>
    public ModelOptions UsedBy(ModelRow model) => new()
    {
        EdgeTriggered = EdgeTriggered && Has(model, ModelOption.Trigger) && (SelectorFor(model)?.Name ?? "epoll") == "epoll",
        Workers = Has(model, ModelOption.Workers) ? Workers : Default.Workers,
        Loops = Has(model, ModelOption.Loops) ? Loops : Default.Loops,
        Spin = Has(model, ModelOption.Spin) ? Spin : Default.Spin,
        Selector = SelectorFor(model),
    };

    /// <summary>The options of a model in words, for people: those that are in force where there is a choice.</summary>
    public string Describe(ModelRow model)
    {
        ModelOptions used = UsedBy(model);
        List<string> words = [];
        if (Has(model, ModelOption.Trigger))
            words.Add(used.EdgeTriggered ? "edge-triggered" : "level-triggered");
        if (Has(model, ModelOption.Workers))
            words.Add(Count(used.Workers, "worker"));
        if (used.Loops > 1)
            words.Add(Count(used.Loops, "loop"));
        if (used.Spin > TimeSpan.Zero)
            words.Add(string.Create(CultureInfo.InvariantCulture, $"spin {used.Spin.TotalMicroseconds:0.###} us"));
        if (used.Selector is { } selector)
            words.Add($"selector {selector.Name} only");

        return string.Join(", ", words);
    }

    private static ModelOptions Default { get; } = new();

    private SelectorRow? SelectorFor(ModelRow model) => SelectorsOf(model).Contains(Selector) ? Selector : null;

    private static bool Has(ModelRow model, ModelOption option) => (model.Options & option) != 0;

    private static string Count(int count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");
}

/// <summary>New values for some options; null keeps the value that an option has.</summary>
public sealed record OptionChanges
{
    public static OptionChanges None { get; } = new();

    public bool? EdgeTriggered { get; init; }

    public int? Workers { get; init; }

    public int? Loops { get; init; }

    public TimeSpan? Spin { get; init; }

    /// <summary>A selector's name, or "auto".</summary>
    public string? Selector { get; init; }

    /// <summary>The options with these changes.</summary>
    public ModelOptions Apply(ModelOptions options) => new()
    {
        EdgeTriggered = EdgeTriggered ?? options.EdgeTriggered,
        Workers = Workers ?? options.Workers,
        Loops = Loops ?? options.Loops,
        Spin = Spin ?? options.Spin,
        Selector = Selector is { } name ? SelectorTable.Rows.FirstOrDefault(row => row.Name == name) : options.Selector,
    };
}
