using EchoModels.Kernel;

namespace EchoModels;

/// <summary>What the set is lent to: a model, its options, and an observer beyond the counters.</summary>
/// <param name="Model">The model.</param>
/// <param name="Options">The value of every option.</param>
/// <param name="Observer">Is told of the calls; null for the counters alone.</param>
internal sealed record Lending(ModelRow Model, ModelOptions Options, ICallObserver? Observer)
{
    /// <summary>The model with its options, for people.</summary>
    public string Description => SwitchReport.Words(Model.Name, Options.Describe(Model));

    /// <summary>Whether the model would serve alike: options that it does not have make no difference.</summary>
    public bool ServesLike(Lending other) => Model == other.Model && Options.UsedBy(Model) == other.Options.UsedBy(other.Model);

    /// <summary>Whether lending anew would change nothing.</summary>
    public bool IsLike(Lending other) => ServesLike(other) && Observer == other.Observer;
}
