using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels;

/// <summary>The end: what is owed goes out, to those who are served here and to those whom a process of their own serves.</summary>
internal static class GracefulShutdown
{
    /// <summary>Says it to everybody.</summary>
    /// <param name="sockets">The set; it is empty, and disposed of, when this returns.</param>
    /// <param name="openSelector">Opens the selector to wait in.</param>
    /// <param name="limit">How long it may take; whoever is left then is closed.</param>
    /// <param name="atOnce">Ends it early.</param>
    public static void Say(SocketSet sockets, Func<ISelector> openSelector, TimeSpan limit, CancellationToken atOnce)
    {
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(atOnce);
        deadline.CancelAfter(limit);
        try
        {
            sockets.Children.ShutdownReceive(); // they finish while the others do
            new DrainServer(openSelector).Serve(sockets, deadline.Token);
            sockets.Children.WaitUntilGone(deadline.Token);
        }
        finally
        {
            sockets.Dispose();
        }
    }
}
