using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>One fault at every possible call of a short conversation: no byte is wrong, and nobody else pays.</summary>
public sealed class FaultContract
{
    private static readonly int[] Script = [1, 10, 100, 1_000, 5_000, 16_384, 20_000, 3, 40_000, 7, 1_460, 11];

    public static TheoryData<string, Fault> Harmless =>
        [.. EveryModel.Names.SelectMany(FaultsOf, (model, fault) => (model, fault))];

    public static TheoryData<string> Here => EveryModel.Here;

    private static Fault[] FaultsOf(string model) => EveryModel.TrustsWouldBlock(model)
        ? [Fault.ShortRead, Fault.ShortWrite, Fault.Interrupted]
        : [Fault.ShortRead, Fault.ShortWrite, Fault.WouldBlock, Fault.Interrupted];

    [Theory]
    [MemberData(nameof(Harmless))]
    public void Returns_every_byte_whatever_call_is_struck(string model, Fault fault) => Run(model, (loan, io, seed) =>
    {
        int calls = CountCalls(loan, io, seed);
        int struck = 0;
        for (int k = 1; k <= calls; k++)
        {
            io.Arm(k, fault);
            Converse(loan, seed, connection: k);
            struck += io.Struck is null ? 0 : 1;
        }

        Assert.True(calls < Script.Length || struck >= 8, $"of {calls} calls, {struck} were struck");
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Closes_the_connection_that_is_reset_and_serves_the_next(string model) => Run(model, (loan, io, seed) =>
    {
        int calls = CountCalls(loan, io, seed);
        for (int k = 1; k <= calls; k++)
        {
            io.Arm(k, Fault.Reset);
            bool completed = Completes(loan, seed, connection: 2 * k);
            loan.AwaitAllClosed();
            if (io.Struck is "Receive" or "Send")
                Assert.Equal(CloseReason.Reset, loan.Reasons.Last());
            else
                Assert.True(completed, $"no call of the connection was struck ({io.Struck ?? "none at all"}), but it did not complete");

            io.Arm(0, Fault.None);
            Converse(loan, seed, connection: (2 * k) + 1);
        }
    });

    private static void Run(string model, Action<ModelHarness, FaultAtCall, int> test)
    {
        FaultAtCall io = new(SocketIo.ForThisSystem) { TellsTheRest = EveryModel.TrustsShortRead(model) };
        int seed = Seeds.Take();
        ModelHarness.Run(io, loan =>
        {
            loan.LendTo(model);
            test(loan, io, seed);
            loan.TakeBack();
        });
    }

    /// <summary>How many calls the conversation takes when nothing is struck.</summary>
    private static int CountCalls(ModelHarness loan, FaultAtCall io, int seed)
    {
        io.Arm(0, Fault.None);
        Converse(loan, seed, connection: 0);
        return io.Calls;
    }

    private static void Converse(ModelHarness loan, int seed, int connection)
    {
        Peer peer = loan.Connect(seed, connection);
        foreach (int size in Script)
            peer.Exchange(size);

        peer.Leave();
        loan.AwaitAllClosed();
    }

    /// <summary>Whether the conversation came to its end; what came back until it broke has been checked.</summary>
    private static bool Completes(ModelHarness loan, int seed, int connection)
    {
        Peer peer = loan.Connect(seed, connection);
        try
        {
            foreach (int size in Script)
                peer.Exchange(size);

            peer.HalfClose();
            peer.HearEnd();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (LedgerException) when (peer.HasEnded)
        {
            return false;
        }
        finally
        {
            peer.Dispose();
        }
    }
}
