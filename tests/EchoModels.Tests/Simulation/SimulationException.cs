namespace EchoModels.Tests.Simulation;

/// <summary>A model has broken a rule of the simulated kernel, or a simulated client has not got what it is owed.</summary>
internal sealed class SimulationException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Throws one if something is not as it must be. Where calls are many, ask before the message is made.</summary>
    public static void Demand(bool isSo, string otherwise)
    {
        if (!isSo)
            throw new SimulationException(otherwise);
    }
}
