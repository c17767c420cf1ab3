using EchoModels.Connections;
using EchoModels.Processes;

namespace EchoModels.Models;

/// <summary>An I/O model: one way to wait for many clients at once, and to send each what it sent.</summary>
/// <remarks>
/// A model borrows a set of sockets. It makes them blocking or not as it needs, adopts the connections that it finds, calls
/// <see cref="SocketSet.ReportStarted"/>, and serves. When it returns or throws, each live socket is in the set, each unsent byte is in its
/// connection, and no thread, callback or kernel request of the model uses any of them. Only what went to a process of its own does not
/// come back: see <see cref="ChildProcesses"/>.
/// </remarks>
public interface IEchoServer
{
    /// <summary>Serves the sockets until it is stopped.</summary>
    /// <param name="sockets">The listeners and connections; new connections are added to it, those that end are closed.</param>
    /// <param name="stop">Cancelled from another thread; the model returns within milliseconds, whatever it waits in.</param>
    /// <exception cref="IOException">The model cannot start or go on here; the message names the call and its error.</exception>
    void Serve(SocketSet sockets, CancellationToken stop);
}
