using EchoModels.Tests.Simulation;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>The echo contract and the handover contract on a simulated kernel: hundreds of networks and clients, each of one seed.</summary>
/// <remarks>A failure names its seed; with that in ECHOMODELS_SEED, just that run is repeated, call by call.</remarks>
public sealed class SimulatedContract
{
    private const int Runs = 500;

    public static TheoryData<string> Models => [.. SimulatedModel.Names];

    [Theory]
    [MemberData(nameof(Models))]
    public void Returns_every_byte_to_every_client(string model) => RunAll(simulation => simulation.Serve(model));

    [Theory]
    [MemberData(nameof(Models))]
    public void Keeps_every_byte_and_every_connection_when_the_set_is_lent_in_turn(string first) =>
        RunAll(simulation => simulation.ServeInTurn(first));

    private static void RunAll(Action<SimulatedRun> serve)
    {
        foreach (int seed in Seeds.Take(Runs))
            Run(seed, serve);
    }

    private static void Run(int seed, Action<SimulatedRun> serve)
    {
        using SimulatedRun run = new(seed);
        try
        {
            serve(run);
        }
        catch (Exception failure)
        {
            throw new SimulationException(
                $"""
                {failure.Message}
                repeat with: {Seeds.Variable}={seed} dotnet test tests/EchoModels.Tests --filter FullyQualifiedName~{nameof(SimulatedContract)}
                {run}
                """,
                failure);
        }
    }
}
