using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>Opens the selector that a model is to have: a forced one, or the first that works from the model's own one downwards.</summary>
public sealed class SelectorFactory(CallCounters counters)
{
    private readonly HashSet<(string Preferred, string Taken)> _told = [];

    /// <summary>A row that is taken instead of the model's own, without a fallback; null for none. A particular one stays.</summary>
    public SelectorRow? Forced { get; set; }

    /// <summary>The name of the selector in use; null while a model serves that needs none.</summary>
    public string? Current { get; internal set; }

    /// <summary>Another selector than the preferred one was taken, for the first time: those refused, and the one taken instead.</summary>
    public event Action<IReadOnlyList<SelectorRefusal>, SelectorRow>? FellBack;

    /// <summary>Opens a selector whose calls are counted.</summary>
    /// <param name="preferred">The model's own.</param>
    /// <exception cref="IOException">None was to be had.</exception>
    public ISelector Open(string preferred)
    {
        SelectorRow own = SelectorTable.Find(preferred);
        IEnumerable<SelectorRow> order = Forced is { } forced && SelectorTable.Rows.Contains(own) ? [forced] : SelectorTable.From(own);
        (SelectorRow taken, ISelector selector) = SelectorTable.OpenFirst(order.Select(Counting), out IReadOnlyList<SelectorRefusal> refusals);

        Current = taken.Name;
        if (refusals.Count > 0 && _told.Add((preferred, taken.Name)))
            FellBack?.Invoke(refusals, taken);

        return selector;
    }

    /// <summary>Opens the first selector that works, for those who do not care which it is.</summary>
    /// <exception cref="IOException">None was to be had.</exception>
    public ISelector OpenAny() => SelectorTable.OpenFirst(SelectorTable.Rows.Select(Counting), out _).Selector;

    private SelectorRow Counting(SelectorRow row) => row with { Open = () => new CountingSelector(row.Open(), counters) };
}
