using System.Runtime.InteropServices;
using EchoModels.Kernel;

namespace EchoModels.Tests.Simulation;

/// <summary>An edge-triggered selector, as epoll is with EPOLLET: a change puts a socket on a list, and a wait takes it off again.</summary>
/// <remarks>
/// What is reported is what the socket is ready for when it is taken off the list, not what has changed: see ep_send_events in
/// fs/eventpoll.c. A socket that is not ready any more is taken off without being reported. So an end of the stream that has arrived
/// is in every later report, with EPOLLRDHUP, and one that arrives after the report puts the socket on the list again. Half of them are like
/// signals in one respect: what was there when a socket is added is not reported. See F_SETSIG in fcntl(2).
/// </remarks>
internal sealed class EdgeSelector(SimulatedKernel kernel, SimulatedNetwork network) : SimulatedSelector(kernel, network)
{
    private readonly List<SimulatedFile> _changed = [];
    private readonly bool _isLikeSignals = network.Chance.OneIn(2);

    protected override bool TellsWhatIsThere => !_isLikeSignals;

    public override void Changed(SimulatedFile file, Interest change)
    {
        bool isWanted = (change & Watched[file]) != 0 || file.HasHungUp;
        if (isWanted && !_changed.Contains(file))
            _changed.Add(file);
    }

    protected override void Forget(SimulatedFile file)
    {
        file.Watcher = null;
        _changed.Remove(file);
    }

    protected override void Collect(List<ReadyEvent> ready)
    {
        Network.Chance.Shuffle(CollectionsMarshal.AsSpan(_changed));
        int taken = 0;
        while (taken < _changed.Count && ready.Count < Network.EventBuffer)
        {
            SimulatedFile file = _changed[taken++];
            if (ReadyOf(file) is not Interest.None and Interest found)
                ready.Add(new ReadyEvent(file.Token, found));
        }

        _changed.RemoveRange(0, taken);
        if (_changed.Count > 0)
            Network.Faults.Count(SimulatedFault.FullEventBuffer);
    }
}
