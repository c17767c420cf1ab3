namespace EchoModels.Tests.Simulation;

/// <summary>A model has broken a rule of the simulated kernel, or a simulated client has not got what it is owed.</summary>
internal sealed class SimulationException(string message, Exception? cause = null) : Exception(message, cause);
