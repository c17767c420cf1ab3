using EchoModels.Kernel;
using EchoModels.Models;

namespace EchoModels;

/// <summary>One model's line in the table of contents.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">The lesson in one line.</param>
/// <param name="WaitsIn">The call that it sleeps in when there is nothing to do.</param>
/// <param name="Threads">How many threads serve.</param>
/// <param name="UnavailableReason">Why it is not available here; null if it is. May make system calls to find out.</param>
/// <param name="Create">Makes one.</param>
public sealed record ModelRow(
    string Name,
    string Summary,
    string WaitsIn,
    string Threads,
    Func<string?> UnavailableReason,
    Func<ModelContext, IEchoServer> Create)
{
    /// <summary>The pages to read, from the folder of the library: the model's own first, then what it is about.</summary>
    public IReadOnlyList<string> Pages { get; init; } = [];

    /// <summary>The options that it has.</summary>
    public ModelOption Options { get; init; }

    /// <summary>Whether all its calls are to be made by a Socket of the runtime: it then runs on <see cref="RuntimeKernel"/>.</summary>
    public bool UsesRuntime { get; init; }

    /// <summary>Whether it makes some calls that need a Socket object for each socket: they are made before it takes over.</summary>
    public bool UsesSocketObjects { get; init; }

    /// <summary>How many clients it serves at once; the next one waits until one leaves.</summary>
    public Func<ModelOptions, int> MaxConcurrent { get; init; } = _ => int.MaxValue;

    /// <summary>Whether this operating system is one that it was written for.</summary>
    public bool IsForThisSystem { get; init; } = true;

    /// <summary>The model to start instead where this one is not available; null for none.</summary>
    public string? Fallback { get; init; }

    /// <summary>Whether its connections stay where they are when the model is switched: an address space cannot be handed over.</summary>
    public bool KeepsConnections { get; init; }

    public override string ToString() => Name;
}
