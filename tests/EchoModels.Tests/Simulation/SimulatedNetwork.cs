using EchoModels.Kernel;

namespace EchoModels.Tests.Simulation;

/// <summary>The network of one simulation: its clock, its faults, and how fast and how large everything in it is. All by the seed.</summary>
internal sealed class SimulatedNetwork
{
    private readonly int _longestDelay;

    public SimulatedNetwork(int seed)
    {
        Seed = seed;
        Chance = new Chance(seed);
        Faults = new SimulatedFaults(Chance);
        _longestDelay = Chance.Pick(0, 50, 500, 5_000);
        Segment = Chance.Pick(100, 536, 1_460, 9_000, 64 * 1024);
        SendQueue = Chance.Scaled(64, 32 * 1024);
        ReceiveQueue = Chance.Scaled(64, 64 * 1024);
        Backlog = Chance.Pick(1, 2, 64);
        EventBuffer = Chance.Pick(1, 3, 512);
        Descriptors = Chance.OneIn(3) ? Chance.Between(8, 11) : int.MaxValue;
        Headroom = Chance.Pick<int?>(null, 0, 1);
    }

    public int Seed { get; }

    public Chance Chance { get; }

    public SimulatedFaults Faults { get; }

    public SimulatedTime Time { get; } = new();

    /// <summary>The most bytes that arrive at once.</summary>
    public int Segment { get; }

    /// <summary>Bytes that a sender's kernel takes before the receiver's kernel has them.</summary>
    public int SendQueue { get; }

    /// <summary>Bytes that a receiver's kernel keeps until they are read.</summary>
    public int ReceiveQueue { get; }

    /// <summary>Connections that may wait for accept; one more tries again later.</summary>
    public int Backlog { get; }

    /// <summary>The most events that one wait returns.</summary>
    public int EventBuffer { get; }

    /// <summary>Accept gives only numbers below this one.</summary>
    public int Descriptors { get; }

    /// <summary>So many of them are to be kept free: see <see cref="IKernel.HasDescriptors"/>; null if that does not know of the limit.</summary>
    public int? Headroom { get; }

    /// <summary>Lets something happen when a segment that is sent now would arrive.</summary>
    public void AfterDelay(Action happen) => Time.After(Chance.Between(0, _longestDelay), happen);
}
