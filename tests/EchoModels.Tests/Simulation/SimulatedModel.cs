using EchoModels.Models;

namespace EchoModels.Tests.Simulation;

/// <summary>The models that run on the simulated kernel: one that never sleeps, and the loops of both kinds of selector.</summary>
internal static class SimulatedModel
{
    public static IReadOnlyList<string> Names { get; } = ["busy-poll", "epoll", "epoll-edge"];

    /// <summary>Makes one, as a host does.</summary>
    public static IEchoServer Create(string name, HostServices services)
    {
        ModelOptions options = new() { EdgeTriggered = name == "epoll-edge" };
        return ModelTable.Find(name == "epoll-edge" ? "epoll" : name)!.Create(services.ContextFor(options));
    }
}
