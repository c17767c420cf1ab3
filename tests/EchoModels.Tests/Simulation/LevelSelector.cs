using System.Runtime.InteropServices;
using EchoModels.Kernel;

namespace EchoModels.Tests.Simulation;

/// <summary>A level-triggered selector: each wait polls every watched socket, and returns those that are ready now.</summary>
internal sealed class LevelSelector(SimulatedKernel kernel, SimulatedNetwork network) : SimulatedSelector(kernel, network)
{
    public override void Changed(SimulatedFile file, Interest change)
    {
        // The next poll finds it.
    }

    protected override void Forget(SimulatedFile file) => file.Watcher = null;

    protected override void Collect(List<ReadyEvent> ready)
    {
        foreach (SimulatedFile file in Watched.Keys)
        {
            if (ReadyOf(file) is not Interest.None and Interest found)
                ready.Add(new ReadyEvent(file.Token, found));
        }

        int tooMany = ready.Count - Network.EventBuffer;
        if (tooMany <= 0)
            return;

        Network.Faults.Count(SimulatedFault.FullEventBuffer);
        Network.Chance.Shuffle(CollectionsMarshal.AsSpan(ready));
        ready.RemoveRange(Network.EventBuffer, tooMany);
    }
}
