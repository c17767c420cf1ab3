using System.Diagnostics;

namespace EchoModels;

/// <summary>Who serves when a model has failed: the one before it; and nobody, when one after the other fails.</summary>
/// <remarks>It belongs to the models' thread.</remarks>
internal sealed class RollbackPolicy
{
    /// <summary>So many failures in a row, without a model that served for a while or was told to stop, and the host gives up.</summary>
    private const int Patience = 3;

    private static readonly TimeSpan AWhile = TimeSpan.FromSeconds(1);

    private ModelRow? _before;
    private long _takenOverAt;
    private int _failures;

    /// <summary>Whether the model that began last has taken over, too.</summary>
    public bool HasStarted => _takenOverAt != 0;

    public void Begins() => _takenOverAt = 0;

    public void TakesOver() => _takenOverAt = Stopwatch.GetTimestamp();

    /// <summary>A model has let go as it was told.</summary>
    public void LetsGo(ModelRow row) => (_before, _failures) = (row, 0);

    /// <summary>The model to serve after one has failed; null for none.</summary>
    public ModelRow? After(ModelRow failed)
    {
        bool servedAWhile = HasStarted && Stopwatch.GetElapsedTime(_takenOverAt) > AWhile;
        _failures = servedAWhile ? 1 : _failures + 1;

        // A first model that cannot start has none before it; one that served before it failed may do so again.
        ModelRow? back = _before ?? (HasStarted ? failed : failed.Fallback is { } other ? ModelTable.Find(other) : null);
        return _failures > Patience ? null : back;
    }
}
