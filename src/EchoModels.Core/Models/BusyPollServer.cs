using EchoModels.Connections;

namespace EchoModels.Models;

/// <summary>Never sleep: ask every socket in turn, again and again, "anything yet?", and use up a whole processor doing so.</summary>
/// <remarks>
/// The sockets are non-blocking, as <c>Socket.Blocking = false</c> makes them, so that a question never sleeps. Nearly every
/// answer is "not yet" (EAGAIN); <c>status</c> counts them as would-blocks. Nothing here tells it when to ask: that is what
/// select, poll and epoll are for.
/// </remarks>
public sealed class BusyPollServer : IEchoServer
{
    /// <summary>However many wait in the backlog, the connections get their turn after so many accepts.</summary>
    private const int AcceptsPerSweep = 64;

    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        byte[] buffer = new byte[Connection.BufferSize];
        sockets.SetBlocking(false);
        sockets.ReportStarted();

        while (!stop.IsCancellationRequested)
        {
            foreach (Listener listener in sockets.Listeners)
                Welcome(listener, sockets);

            foreach (Connection connection in sockets)
            {
                if (connection.Echo(buffer) == IoStatus.Closed)
                    sockets.Close(connection);
            }
        }
    }

    /// <summary>Takes newcomers into the set; the next sweep will reach them.</summary>
    private static void Welcome(Listener listener, SocketSet sockets)
    {
        int accepted = 0;
        while (accepted < AcceptsPerSweep && sockets.TryAccept(listener, out _))
            accepted++;
    }
}
