using System.Net.Sockets;
using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>One fault at every possible call of a short conversation: no byte is wrong, and no other connection is affected.</summary>
/// <remarks>io-uring makes no calls that could get a fault; IoUringTests make the kernel return errors instead.</remarks>
public sealed class FaultContract
{
    private const int FewCalls = 3;
    private const int LeastFaults = 8;

    private static readonly int[] Sizes = [1, 10, 100, 1_000, 5_000, 16_384, 20_000, 3, 40_000, 7, 1_460, 11];

    public static TheoryData<string, Fault> Harmless => [.. Calling.SelectMany(FaultsOf, (model, fault) => (model, fault))];

    public static TheoryData<string> ModelsThatMakeCalls => [.. Calling];

    private static IEnumerable<string> Calling => EveryModel.Names.Where(model => !EveryModel.MakesNoCalls(model));

    private static Fault[] FaultsOf(string model) => model switch
    {
        _ when EveryModel.OnlyAccepts(model) => [Fault.WouldBlock, Fault.Interrupted],
        _ when EveryModel.TrustsWouldBlock(model) => [Fault.ShortRead, Fault.ShortWrite, Fault.Interrupted],
        _ => [Fault.ShortRead, Fault.ShortWrite, Fault.WouldBlock, Fault.Interrupted],
    };

    /// <summary>The models that the other tests leave out, or ask less of, are exactly those of which this is true.</summary>
    [Fact]
    public void Applies_to_every_model_but_io_uring_and_to_the_accepts_of_process()
    {
        Dictionary<string, int> calls = [];
        foreach (string model in EveryModel.Names)
        {
            Run(model, (harness, io, seed) =>
            {
                RunConversation(harness, seed, connection: 0);
                if (EveryModel.OnlyAccepts(model))
                    Limit.Until(() => io.Calls > 0, "the acceptor accepts again");

                calls[model] = io.Calls;
            });
        }

        Assert.Equal(["io-uring", "io-uring-loops"], calls.Keys.Where(model => calls[model] == 0).Order());
        Assert.Equal(["process"], calls.Keys.Where(model => calls[model] is > 0 and <= FewCalls));
        Assert.All(Calling.Except(["process"]), model => Assert.InRange(calls[model], 2 * Sizes.Length, int.MaxValue));
        Assert.Equal(["io-uring", "io-uring-loops"], EveryModel.Names.Where(EveryModel.MakesNoCalls).Order());
        Assert.Equal(["process"], EveryModel.Names.Where(EveryModel.OnlyAccepts));
    }

    [Slow]
    [Theory]
    [MemberData(nameof(Harmless))]
    public void Returns_every_byte_whichever_call_gets_a_fault(string model, Fault fault) => Run(model, (harness, io, seed) =>
    {
        int connection = 1;
        foreach (int k in CallsToFail(model, harness, io, seed))
        {
            io.Arm(k, fault);
            RunConversation(harness, seed, connection++);
            AwaitFaultOfAcceptor(model, io);
        }

        Assert.InRange(io.Injected, LeastFaults, int.MaxValue);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(ModelsThatMakeCalls))]
    public void Closes_the_connection_that_is_reset_and_serves_the_next(string model) => Run(model, (harness, io, seed) =>
    {
        int connection = 1;
        foreach (int k in CallsToFail(model, harness, io, seed))
        {
            io.Arm(k, Fault.Reset);
            bool completed = Completes(harness, seed, connection++);
            harness.AwaitAllClosed();
            AwaitFaultOfAcceptor(model, io);
            if (io.FaultyCall is FaultInjector.Call.Receive or FaultInjector.Call.Send)
                Assert.Equal(CloseReason.Reset, harness.Reasons.Last());
            else
                Assert.True(completed, $"no call of the connection got a fault (but {io.FaultyCall?.ToString() ?? "none"}), and it did not complete");

            io.Arm(0, Fault.None);
            RunConversation(harness, seed, connection++);
        }

        Assert.InRange(io.Injected, LeastFaults, int.MaxValue);
    });

    private static void Run(string model, Action<ModelHarness, FaultAtCall, int> test)
    {
        FaultAtCall io = new() { SignalsTheRest = EveryModel.TrustsShortRead(model) };
        int seed = Seeds.Take();
        ModelHarness.Run(
            harness =>
            {
                harness.Start(model);
                test(harness, io, seed);
                harness.Stop();
            },
            io.Wrap);
    }

    /// <summary>Each call of a conversation, by its number; the first one, again and again, where the model only accepts.</summary>
    private static IEnumerable<int> CallsToFail(string model, ModelHarness harness, FaultAtCall io, int seed)
    {
        if (EveryModel.OnlyAccepts(model))
            return Enumerable.Repeat(1, LeastFaults);

        io.Arm(0, Fault.None);
        RunConversation(harness, seed, connection: 0);
        return Enumerable.Range(1, io.Calls);
    }

    /// <summary>The acceptor of process makes its next call beside the conversation, and perhaps after it.</summary>
    private static void AwaitFaultOfAcceptor(string model, FaultAtCall io)
    {
        if (EveryModel.OnlyAccepts(model))
            Limit.Until(() => io.FaultyCall is FaultInjector.Call.Accept, "an accept gets the fault");
    }

    private static void RunConversation(ModelHarness harness, int seed, int connection)
    {
        Peer peer = harness.Connect(seed, connection);
        foreach (int size in Sizes)
            peer.Exchange(size);

        peer.Close();
        harness.AwaitAllClosed();
    }

    /// <summary>Whether the conversation came to its end; the bytes that came back until it broke have been checked.</summary>
    private static bool Completes(ModelHarness harness, int seed, int connection)
    {
        Peer peer = harness.Connect(seed, connection);
        try
        {
            foreach (int size in Sizes)
                peer.Exchange(size);

            peer.HalfClose();
            peer.ReceiveToEnd();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (StreamCheckException) when (peer.HasEnded)
        {
            return false;
        }
        finally
        {
            peer.Dispose();
        }
    }
}
