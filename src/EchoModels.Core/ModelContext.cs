using EchoModels.Connections;
using EchoModels.IoUring;
using EchoModels.Kernel;
using EchoModels.Selectors;

namespace EchoModels;

/// <summary>What a model may need besides the sockets: the counters, the choice of selector, and its own settings.</summary>
public sealed class ModelContext
{
    public ModelContext(CallCounters counters)
    {
        CallCounters = counters;
        Selectors = new SelectorFactory(counters);
    }

    public CallCounters CallCounters { get; }

    public SelectorFactory Selectors { get; }

    /// <summary>Threads of the thread pool.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount * 4;

    /// <summary>What a child process runs: a program and its arguments; it replies on its output to what comes on its input.</summary>
    public IReadOnlyList<string> ChildCommand { get; init; } = ["cat"];

    /// <summary>Whether epoll tells only changes (edge-triggered), and not what is ready (level-triggered).</summary>
    public bool EdgeTriggered { get; init; }

    /// <summary>Event loops, each on a thread of its own.</summary>
    public int Loops { get; init; } = 1;

    /// <summary>How long a loop looks again without sleeping before it sleeps.</summary>
    public TimeSpan Spin { get; init; }

    /// <summary>Opens the selector of a reactor: the preferred one or what serves instead, counted, and spinning if asked to.</summary>
    /// <exception cref="IOException">None was to be had.</exception>
    public ISelector OpenSelector(string preferred)
    {
        ISelector selector = Selectors.Open(preferred);
        return Spin > TimeSpan.Zero ? new SpinningSelector(selector, Spin) : selector;
    }

    /// <summary>Sets up an io_uring for the thread that calls: counted, and spinning if asked to.</summary>
    /// <exception cref="IOException">The kernel or a sandbox refuses it.</exception>
    internal Ring OpenRing(SocketSet sockets) =>
        new(new RingSettings { Multishot = RingSupport.GrantsLimitedMultishot(CallCounters), Spin = Spin }, CallCounters, sockets.Reply);
}

/// <summary>The settings that only some models use.</summary>
[Flags]
public enum ModelOptions
{
    None = 0,
    Selector = 1,
    Trigger = 2,
    Workers = 4,
    Loops = 8,
    Spin = 16,
}
