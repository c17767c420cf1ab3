using System.CommandLine;
using EchoModels.Kernel;
using EchoModels.Selectors;

namespace EchoModels.Cli.CommandLine;

/// <summary>The options of the models, as <c>serve</c> and <c>switch</c> take them.</summary>
/// <remarks>A value holds for every model that has the option until it is changed; one that is not given keeps its value.</remarks>
internal sealed class ModelOptionValues
{
    /// <summary>So many threads begin and end within a tenth of a second or so, in which no client is served.</summary>
    public const int MaxWorkers = 1_000;

    public const int MaxLoops = 256;
    public const string Accepted = "trigger=level|edge, workers=N, loops=N, spin=TIME, selector=auto|epoll|poll|select";

    public static readonly TimeSpan MaxSpin = TimeSpan.FromSeconds(1);

    private readonly Option<string?> _selector = Values.OptionalOneOf("--selector",
        "forces the selector of epoll (any), poll (poll, select) or select (select), without falling back; auto falls back to the next that works",
        ["auto", .. SelectorTable.Rows.Select(row => row.Name)]);

    private readonly Option<string?> _trigger = Values.OptionalOneOf("--trigger",
        "whether epoll reports what is ready (level), or what has become ready (edge); the selector is then called epoll-edge", ["level", "edge"]);

    private readonly Option<int?> _workers = Values.OptionalCount("--workers", "",
        $"the threads of thread-pool; {new ModelOptions().Workers} here if not given, four for each processor", 1, MaxWorkers,
        "; at a switch, every client waits until all of them have begun or ended");

    private readonly Option<int?> _loops = Values.OptionalCount("--loops", "",
        "event loops of select, poll, epoll and io-uring, each on a thread of its own; 1 if not given", 1, MaxLoops);

    private readonly Option<TimeSpan?> _spin = Values.OptionalDuration("--spin", "",
        "how long an event loop asks again without sleeping before it sleeps; 0s if not given", TimeSpan.Zero, MaxSpin);

    /// <summary>Why these values do not go together; null if they do.</summary>
    /// <param name="model">The model that is to serve.</param>
    /// <param name="changes">The values that are asked for.</param>
    /// <param name="inForce">The options that hold where none is asked for.</param>
    public static string? Contradiction(ModelRow model, OptionChanges changes, ModelOptions inForce)
    {
        SelectorRow? forced = changes.Apply(inForce).Selector;
        SelectorRow[] possible = [.. ModelOptions.SelectorsOf(model)];
        if (changes.Selector is not null && forced is not null && possible.Length > 0 && !possible.Contains(forced))
            return $"--selector '{forced}': {model} does not serve over it; accepted with {model} is auto, {string.Join(", ", possible.Select(row => row.Name))}";

        bool cannotBeEdge = forced is not null && forced.Name != "epoll" && (possible.Length == 0 || possible.Contains(forced));
        return changes.EdgeTriggered == true && cannotBeEdge
            ? $"--trigger 'edge': only epoll can, and the selector is {forced}; accepted with it is --selector auto or epoll"
            : null;
    }

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _selector, _trigger, _workers, _loops, _spin })
            command.Options.Add(option);
    }

    /// <summary>Those that were given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model that it names.</param>
    /// <exception cref="UsageException">They do not go together.</exception>
    public OptionChanges Read(ParseResult parsed, ModelRow model)
    {
        OptionChanges changes = new()
        {
            EdgeTriggered = parsed.GetValue(_trigger) is { } trigger ? trigger == "edge" : null,
            Workers = parsed.GetValue(_workers),
            Loops = parsed.GetValue(_loops),
            Spin = parsed.GetValue(_spin),
            Selector = parsed.GetValue(_selector),
        };

        return Contradiction(model, changes, new ModelOptions()) is { } contradiction ? throw new UsageException(contradiction) : changes;
    }
}
