namespace EchoModels.Tests.Simulation;

/// <summary>What a network or a kernel may do that a server must be ready for.</summary>
internal enum SimulatedFault
{
    /// <summary>A receive returns less than has arrived.</summary>
    ShortReceive,

    /// <summary>A send takes less than there is room for.</summary>
    ShortSend,

    /// <summary>A send takes nothing, although there is room (memory is short for a moment).</summary>
    FalseFullQueue,

    /// <summary>A send takes nothing, since the queue is full.</summary>
    FullQueue,

    /// <summary>A signal interrupts a call (EINTR).</summary>
    Interrupted,

    /// <summary>The last bytes and the FIN come in one segment.</summary>
    EndWithData,

    /// <summary>A client resets an accepted connection.</summary>
    Reset,

    /// <summary>A client resets a connection that is still in the backlog.</summary>
    ResetInBacklog,

    /// <summary>Accept tells an error of the connection, such as ECONNABORTED.</summary>
    AcceptAborted,

    /// <summary>Accept finds no descriptor free (EMFILE).</summary>
    NoDescriptor,

    /// <summary>The kernel has fewer descriptors than the server wants to keep free.</summary>
    NoHeadroom,

    /// <summary>A wait returns a socket that is not ready.</summary>
    SpuriousEvent,

    /// <summary>A wait returns a socket twice, as kqueue does with its two filters.</summary>
    DuplicateEvent,

    /// <summary>A wait returns fewer sockets than are ready, since the buffer for events is full.</summary>
    FullEventBuffer,

    /// <summary>A descriptor that was closed is given again within the same batch of events.</summary>
    NumberGivenAgain,
}

/// <summary>Which faults there are in one simulation, how often, and how many there have been.</summary>
/// <remarks>
/// A fault that is left out of a run is as important as one that is in it: a spurious event, for instance, can hide that an edge was lost.
/// So each kind is left out of every second run.
/// </remarks>
internal sealed class SimulatedFaults
{
    private static readonly SimulatedFault[] Kinds = Enum.GetValues<SimulatedFault>();

    private readonly Chance _chance;
    private readonly int[] _oneIn = new int[Kinds.Length];
    private readonly int[] _counts = new int[Kinds.Length];

    public SimulatedFaults(Chance chance)
    {
        _chance = chance;
        foreach (SimulatedFault kind in Kinds)
            _oneIn[(int)kind] = chance.OneIn(2) ? 0 : chance.Pick(MayBeConstant(kind) ? 1 : 2, 8, 30);
    }

    /// <summary>How many there have been of each kind.</summary>
    public IReadOnlyList<int> Counts => _counts;

    /// <summary>Whether such a fault is to happen now; if so, it is counted.</summary>
    public bool Occurs(SimulatedFault kind)
    {
        if (!_chance.OneIn(_oneIn[(int)kind]))
            return false;

        Count(kind);
        return true;
    }

    /// <summary>Counts a fault that has come about by itself.</summary>
    public void Count(SimulatedFault kind) => _counts[(int)kind]++;

    /// <summary>Whether the bytes still move if it happens every time: one byte is not cut any shorter.</summary>
    private static bool MayBeConstant(SimulatedFault kind) => kind is SimulatedFault.ShortReceive or SimulatedFault.ShortSend;
}
