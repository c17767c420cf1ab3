using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>Opens the selector that a model is to have: a forced one, or the first that works from the model's own one downwards.</summary>
/// <param name="events">Where a fallback is told.</param>
public sealed class SelectorFactory(ServerEvents events)
{
    private readonly HashSet<(string Preferred, string Taken)> _told = [];

    /// <summary>A row that is taken instead of the model's own, without a fallback; null for none.</summary>
    public SelectorRow? Forced { get; set; }

    /// <summary>The name of the selector in use; null while a model serves that needs none.</summary>
    public string? Current { get; internal set; }

    /// <summary>Opens a selector.</summary>
    /// <param name="preferred">The model's own.</param>
    /// <param name="kernel">Makes the calls.</param>
    /// <exception cref="IOException">None is available.</exception>
    public ISelector Open(string preferred, IKernel kernel)
    {
        SelectorRow own = SelectorTable.Find(preferred);
        IEnumerable<SelectorRow> order = Forced is { } forced ? [forced] : SelectorTable.From(own);
        (SelectorRow taken, ISelector selector) = SelectorProbe.OpenFirst(order, kernel, out IReadOnlyList<SelectorRefusal> refusals);

        Current = taken.Name;
        if (refusals.Count > 0 && FirstTime(preferred, taken.Name))
            events.Publish(new FellBack([.. refusals.Select(refusal => (refusal.Name, refusal.Error))], taken.Name));

        return selector;
    }

    /// <summary>Opens the first selector that works.</summary>
    /// <exception cref="IOException">None is available.</exception>
    public static ISelector OpenAny(IKernel kernel) => SelectorProbe.OpenFirst(SelectorTable.Rows, kernel, out _).Selector;

    private bool FirstTime(string preferred, string taken)
    {
        lock (_told)
            return _told.Add((preferred, taken));
    }
}
