using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.Processes;
using EchoModels.Selectors;

namespace EchoModels;

/// <summary>The connections that a stop has closed because its time was up, and the bytes that were unsent on them.</summary>
public readonly record struct CutOff(int Connections, long UnsentBytes);

/// <summary>The end of a server: unsent bytes go out, also those of child processes, and then each connection is closed.</summary>
internal static class GracefulShutdown
{
    /// <summary>Closes everything.</summary>
    /// <param name="sockets">The set; it is empty, and disposed of, when this returns.</param>
    /// <param name="children">The child processes; none is left when this returns.</param>
    /// <param name="limit">How long it may take; connections that are left then are closed.</param>
    /// <param name="atOnce">Ends it early.</param>
    /// <returns>The connections that had to be closed before all was sent.</returns>
    public static CutOff Run(SocketSet sockets, ChildProcesses children, TimeSpan limit, CancellationToken atOnce)
    {
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(atOnce);
        deadline.CancelAfter(limit);
        try
        {
            children.ShutdownReceive(); // they finish while the others do
            sockets.CloseListeners();
            if (sockets.Count > 0)
            {
                using DrainLoop loop = new(sockets, SelectorFactory.OpenAny(sockets.Kernel));
                loop.Run(deadline.Token);
            }

            children.WaitUntilEnded(deadline.Token);
            return CountCutOff(sockets, children);
        }
        finally
        {
            sockets.Dispose();
            children.Dispose();
        }
    }

    private static CutOff CountCutOff(SocketSet sockets, ChildProcesses children)
    {
        long unsentBytes = 0;
        foreach (Connection connection in sockets)
            unsentBytes += connection.Unsent.Length;

        return new CutOff(sockets.Count + children.Count, unsentBytes);
    }
}
