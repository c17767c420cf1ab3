using System.Text.Json.Serialization;

namespace EchoModels;

/// <summary>A switch that was made.</summary>
/// <param name="From">The model that stopped.</param>
/// <param name="To">The model that serves.</param>
/// <param name="PauseMs">Milliseconds from the stop of the one until the other had every socket: the most that a client waited for it.</param>
/// <param name="Connections">How many connections were kept.</param>
public sealed record SwitchReport(string From, string To, double PauseMs, int Connections)
{
    /// <summary>The options of the model that stopped, in words; empty if there was no choice.</summary>
    public string FromOptions { get; init; } = "";

    /// <summary>The options of the model that serves, in words.</summary>
    public string ToOptions { get; init; } = "";

    /// <summary>The model that stopped, with its options.</summary>
    [JsonIgnore]
    public string FromInWords => Words(From, FromOptions);

    /// <summary>The model that serves, with its options.</summary>
    [JsonIgnore]
    public string ToInWords => Words(To, ToOptions);

    internal static SwitchReport Of(Lending from, Lending to, double pauseMs, int connections) => new(from.Model.Name, to.Model.Name, pauseMs, connections)
    {
        FromOptions = from.Options.Describe(from.Model),
        ToOptions = to.Options.Describe(to.Model),
    };

    internal static string Words(string model, string options) => options.Length == 0 ? model : $"{model} ({options})";
}

/// <summary>A switch was refused or has failed; the message says why, and the server goes on as before.</summary>
public sealed class SwitchRefusedException(string message, Exception? cause = null) : Exception(message, cause);
