using System.Runtime.CompilerServices;
using EchoModels.Blocking;
using EchoModels.Selectors;
using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>One client at a time: asleep in accept it serves nobody, asleep in recv it greets nobody. The second client waits.</summary>
/// <param name="openSelector">Opened only for several ports: one thread cannot sleep in two accepts.</param>
public sealed class BlockingServer(Func<ISelector> openSelector) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using Sleepers sleepers = new(sockets, stop);
        using Doors doors = new(sockets, sockets.Listeners.Count > 1 ? openSelector() : null, stop);

        sockets.SetBlocking(true);
        sockets.Adopted();

        using (Line line = new(sockets, sockets.Count))
        {
            foreach (Connection adopted in sockets)
            {
                line.CallNext();
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
    internal static Connection? Welcome(Listener listener, SocketSet sockets, Sleepers sleepers, CancellationToken stop)
    {
        using (sleepers.Enter(listener))
        {
            if (sockets.TryAccept(listener, out Connection? client))
                return client;
        }

        if (listener.IsResting)
            stop.WaitHandle.WaitOne(listener.RestLeft);

        return null;
    }

    /// <summary>Sleeps in recv, sends what came, and so on until the client leaves.</summary>
    /// <remarks>The buffer is on the stack and not zeroed: a thread takes as many pages of memory as its client's bytes fill.</remarks>
    [SkipLocalsInit]
    internal static void Converse(Connection client, SocketSet sockets, Sleepers sleepers, CancellationToken stop)
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
