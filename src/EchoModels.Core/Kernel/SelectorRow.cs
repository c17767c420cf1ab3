namespace EchoModels.Kernel;

/// <summary>One way to ask the kernel about many sockets.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Call">The system call that it sleeps in.</param>
/// <param name="Open">Opens one on a kernel; throws IOException where it is refused.</param>
public sealed record SelectorRow(string Name, string Call, Func<IKernel, ISelector> Open)
{
    /// <summary>Whether it reports a socket only when it becomes ready, and not as long as it is.</summary>
    public bool IsEdgeTriggered { get; init; }

    /// <summary>Whether it needs a Socket object for each socket.</summary>
    public bool UsesSocketObjects { get; init; }

    public override string ToString() => Name;
}
