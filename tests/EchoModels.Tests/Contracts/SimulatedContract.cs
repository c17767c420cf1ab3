using EchoModels.Tests.Simulation;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>The echo contract and the handover contract on a simulated kernel: hundreds of networks and clients, each made of one seed.</summary>
/// <remarks>A failure names its seed; with that in ECHOMODELS_SEED, just that run is repeated, call by call.</remarks>
public sealed class SimulatedContract
{
    private const int Runs = 500;

    /// <summary>One that never sleeps, and the loops of both kinds of selector.</summary>
    private static readonly ModelRow[] Rows = [EveryModel.Find("busy-poll"), EveryModel.Find("epoll"), EveryModel.Find("epoll-edge")];

    public static TheoryData<string> Models => [.. Rows.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Models))]
    public void Returns_every_byte_to_every_client(string model) => RunAll(run => run.Serve(EveryModel.Find(model)));

    [Theory]
    [MemberData(nameof(Models))]
    public void Keeps_every_byte_and_every_connection_when_the_set_is_lent_in_turn(string first)
    {
        int[] faults = RunAll(run => run.ServeInTurn(EveryModel.Find(first), Rows));
        if (!Seeds.IsGiven)
            Assert.DoesNotContain(Enum.GetValues<SimulatedFault>(), fault => faults[(int)fault] == 0); // each has been met
    }

    /// <returns>How many faults there were of each kind.</returns>
    private static int[] RunAll(Action<SimulatedRun> serve)
    {
        int[] faults = new int[Enum.GetValues<SimulatedFault>().Length];
        foreach (int seed in Seeds.Take(Runs))
        {
            using SimulatedRun run = new(seed);
            Run(run, seed, serve);
            for (int i = 0; i < faults.Length; i++)
                faults[i] += run.Faults[i];
        }

        return faults;
    }

    private static void Run(SimulatedRun run, int seed, Action<SimulatedRun> serve)
    {
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
