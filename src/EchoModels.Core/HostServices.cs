using System.Net;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Processes;
using EchoModels.Selectors;

namespace EchoModels;

/// <summary>The composition root: everything that a host and its models need, made in one place.</summary>
public sealed class HostServices
{
    /// <param name="endPoints">Where to listen.</param>
    /// <param name="backlog">How many connections may wait to be accepted.</param>
    /// <param name="policy">What clients are promised.</param>
    /// <param name="childCommand">What a child process runs; null for cat(1).</param>
    /// <param name="wrapKernel">Wraps each kernel; for tests.</param>
    /// <exception cref="System.Net.Sockets.SocketException">An address is in use, is not ours, or may not be bound.</exception>
    public HostServices(
        IEnumerable<IPEndPoint> endPoints,
        int backlog,
        EchoPolicy? policy = null,
        IReadOnlyList<string>? childCommand = null,
        Func<IKernel, IKernel>? wrapKernel = null)
    {
        Kernels = new KernelFactory(Counters, wrapKernel);
        Sockets = new SocketSet(OpenListeners(endPoints, backlog), Kernels.System, policy, Events);
        Children = new ChildProcesses(Sockets);
        Selectors = new SelectorFactory(Events);
        ChildCommand = childCommand ?? ["cat"];
    }

    /// <summary>The calls that models cause.</summary>
    public CallCounters Counters { get; } = new();

    /// <summary>What happens.</summary>
    public ServerEvents Events { get; } = new();

    /// <summary>Makes the kernel of each model.</summary>
    public KernelFactory Kernels { get; }

    /// <summary>What is lent.</summary>
    public SocketSet Sockets { get; }

    public ChildProcesses Children { get; }

    public SelectorFactory Selectors { get; }

    /// <summary>What a child process runs.</summary>
    public IReadOnlyList<string> ChildCommand { get; }

    /// <summary>What one model gets.</summary>
    public ModelContext ContextFor(ModelOptions options) => new(options, Selectors, Children, ChildCommand);

    private List<Listener> OpenListeners(IEnumerable<IPEndPoint> endPoints, int backlog)
    {
        List<Listener> listeners = [];
        try
        {
            foreach (IPEndPoint endPoint in endPoints)
                listeners.Add(Listener.Open(Kernels.System, endPoint, backlog));

            return listeners;
        }
        catch
        {
            foreach (Listener listener in listeners)
                Kernels.System.Close(listener.Socket);

            throw;
        }
    }
}
