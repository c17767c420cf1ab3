using System.Runtime.CompilerServices;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>One client at a time: asleep in accept it serves nobody, asleep in recv it greets nobody. The second client waits.</summary>
/// <param name="openSelector">Opened only for several ports: one thread cannot sleep in two accepts.</param>
public sealed class BlockingServer(Func<ISelector> openSelector) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using BlockedThreads sleepers = new(sockets, stop);
        using AcceptMultiplexer doors = new(sockets, sockets.Listeners.Count > 1 ? openSelector() : null, stop);

        sockets.SetBlocking(true);
        sockets.ReportStarted();

        using (WaitingCount waiting = new(sockets, sockets.Count))
        {
            foreach (Connection adopted in sockets)
            {
                waiting.Decrement();
                Converse(adopted, sockets, sleepers, stop);
            }
        }

        while (!stop.IsCancellationRequested)
        {
            if (doors.Next() is { } listener && Welcome(listener, sockets, sleepers, stop) is { } client)
                Converse(client, sockets, sleepers, stop);
        }
    }

    /// <summary>Sleeps in accept until a client comes.</summary>
    internal static Connection? Welcome(Listener listener, SocketSet sockets, BlockedThreads sleepers, CancellationToken stop)
    {
        using (sleepers.Enter(listener))
        {
            if (sockets.TryAccept(listener, out Connection? client))
                return client;
        }

        if (listener.IsBackingOff)
            stop.WaitHandle.WaitOne(listener.BackoffLeft);

        return null;
    }

    /// <summary>Sleeps in recv, sends what came, and so on until the client leaves.</summary>
    /// <remarks>The buffer is on the stack and not zeroed: a thread takes as many pages of memory as its client's bytes fill.</remarks>
    [SkipLocalsInit]
    internal static void Converse(Connection client, SocketSet sockets, BlockedThreads sleepers, CancellationToken stop)
    {
        Span<byte> buffer = stackalloc byte[Connection.BufferSize];
        IoStatus status = IoStatus.Progress;

        using (sleepers.Enter(client))
        {
            while (status != IoStatus.Closed && !stop.IsCancellationRequested)
                status = client.Echo(buffer);
        }

        if (status == IoStatus.Closed)
            sockets.Close(client);
    }
}
