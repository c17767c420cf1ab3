using EchoModels.Connections;
using EchoModels.IoUring;
using EchoModels.Kernel;
using EchoModels.Processes;
using EchoModels.Selectors;

namespace EchoModels;

/// <summary>What a model may need besides the sockets: its options, selectors and rings, and the child processes.</summary>
public sealed class ModelContext(ModelOptions options, SelectorFactory selectors, ChildProcesses children, IReadOnlyList<string> childCommand)
{
    public ModelOptions Options => options;

    public SelectorFactory Selectors => selectors;

    public ChildProcesses Children => children;

    /// <summary>What a child process runs: a program and its arguments; it replies on its output to what comes on its input.</summary>
    public IReadOnlyList<string> ChildCommand => childCommand;

    /// <summary>Opens the selector of an event loop: the preferred one or what serves instead, spinning if the options say so.</summary>
    /// <exception cref="IOException">None is available.</exception>
    public ISelector OpenSelector(string preferred, IKernel kernel)
    {
        ISelector selector = selectors.Open(preferred, kernel);
        return options.Spin > TimeSpan.Zero ? new SpinningSelector(selector, options.Spin, kernel.Clock) : selector;
    }

    /// <summary>Sets up an io_uring for the thread that calls, spinning if the options say so.</summary>
    /// <exception cref="IOException">The kernel or a sandbox refuses it.</exception>
    internal Ring OpenRing(SocketSet sockets)
    {
        LinuxKernel kernel = sockets.Kernel.Linux ?? throw new IOException("needs Linux's io_uring(7)");
        return new Ring(new RingSettings { Multishot = RingSupport.HasLimitedMultishot(kernel), Spin = options.Spin }, kernel, sockets.Policy.Reply);
    }
}
