using System.Diagnostics;

namespace EchoModels;

/// <summary>What serves when a model has failed: the one before it; and none, when one after the other fails.</summary>
/// <remarks>It belongs to the models' thread.</remarks>
internal sealed class RollbackPolicy
{
    /// <summary>So many failures in a row, without a model that served for a while or stopped as told, and the host gives up.</summary>
    private const int MaxFailures = 3;

    private static readonly TimeSpan AWhile = TimeSpan.FromSeconds(1);

    private Lending? _before;
    private long _startedAt;
    private int _failures;

    /// <summary>Whether the model that began last has reported that it serves.</summary>
    public bool HasStarted => _startedAt != 0;

    public void OnBegin() => _startedAt = 0;

    public void OnStarted() => _startedAt = Stopwatch.GetTimestamp();

    /// <summary>A model has stopped as it was told.</summary>
    public void OnStopped(Lending lending) => (_before, _failures) = (lending, 0);

    /// <summary>What is to serve after a model has failed; null for none.</summary>
    public Lending? After(Lending failed)
    {
        bool servedAWhile = HasStarted && Stopwatch.GetElapsedTime(_startedAt) > AWhile;
        _failures = servedAWhile ? 1 : _failures + 1;

        // A first model that cannot start has none before it; one that served before it failed may do so again.
        Lending? back = _before ?? (HasStarted ? failed : Fallback(failed));
        return _failures > MaxFailures ? null : back;
    }

    private static Lending? Fallback(Lending failed) =>
        failed.Model.Fallback is { } name && ModelTable.Find(name) is { } other ? failed with { Model = other } : null;
}
