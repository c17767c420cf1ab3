using EchoModels.Connections;

namespace EchoModels.Models;

/// <summary>Never sleep: ask every socket in turn, again and again, "anything yet?", and use up a whole processor for it.</summary>
/// <remarks>
/// The sockets are non-blocking (<c>Socket.Blocking = false</c>), so that a question never sleeps. Nearly every answer is "not now"
/// (EAGAIN); <c>status</c> counts them as would-blocks. Nothing tells this model when to ask: that is what select, poll and epoll are for.
/// </remarks>
public sealed class BusyPollServer : IEchoServer
{
    /// <summary>The connections get their turn after so many accepts, however long the backlog is.</summary>
    private const int MaxAccepts = 64;

    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        byte[] buffer = new byte[Connection.BufferSize];
        sockets.SetBlocking(false);
        sockets.ReportStarted();

        while (!stop.IsCancellationRequested)
        {
            for (int i = 0; i < sockets.Listeners.Count; i++) // foreach would allocate an enumerator at each pass
                Accept(sockets.Listeners[i], sockets);

            foreach (Connection connection in sockets)
            {
                if (connection.Echo(buffer) == IoStatus.Closed)
                    sockets.Close(connection);
            }
        }
    }

    /// <summary>Takes new connections into the set; the next sweep reaches them.</summary>
    private static void Accept(Listener listener, SocketSet sockets)
    {
        for (int i = 0; i < MaxAccepts && sockets.TryAccept(listener, out _); i++)
            continue;
    }
}
