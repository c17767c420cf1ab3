namespace EchoModels;

/// <summary>A switch that was made.</summary>
/// <param name="From">The model that let go.</param>
/// <param name="To">The model that took over.</param>
/// <param name="PauseMs">Milliseconds from telling the one to stop until the other had every socket: the most a client waited for it.</param>
/// <param name="Connections">How many connections went along.</param>
public sealed record SwitchReport(string From, string To, double PauseMs, int Connections);

/// <summary>A model failed, or could not start.</summary>
/// <param name="Model">Which.</param>
/// <param name="Error">Why.</param>
/// <param name="BackTo">The model that serves instead; null if there is none, and the server ends.</param>
public sealed record ModelFailure(string Model, Exception Error, string? BackTo)
{
    /// <summary>Whether it had served before it failed; or else it could not start.</summary>
    public bool HadServed { get; init; }
}

/// <summary>A switch was refused or did not come about; the message says why, and the server goes on as before.</summary>
public sealed class SwitchRefusedException(string message, Exception? cause = null) : Exception(message, cause);
