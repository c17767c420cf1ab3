using System.Runtime.CompilerServices;
using EchoModels.Connections;
using EchoModels.Selectors;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>One client at a time: accept, receive, send, again. While the only thread sleeps in recv, it accepts no connection: the second client waits.</summary>
/// <remarks><see cref="BlockedThreads"/> lets a sleeping call be interrupted, <see cref="AcceptMultiplexer"/> allows several ports.</remarks>
public sealed class BlockingServer(SelectorFactory selectors) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using BlockedThreads blocked = new(sockets, stop);
        using AcceptMultiplexer listeners = new(sockets, selectors, stop);

        sockets.SetBlocking(true);
        sockets.ReportStarted();
        foreach (Connection adopted in WaitingCount.OneByOne(sockets))
            Serve(adopted, sockets, blocked);

        while (!stop.IsCancellationRequested)
        {
            if (listeners.Next() is { } listener && blocked.Accept(listener) is { } client)
                Serve(client, sockets, blocked);
        }
    }

    /// <summary>Serves one client until it leaves.</summary>
    /// <remarks>The buffer is on the stack and not zeroed: it takes as many pages of memory as the client's bytes fill.</remarks>
    [SkipLocalsInit]
    internal static void Serve(Connection client, SocketSet sockets, BlockedThreads blocked)
    {
        Span<byte> buffer = stackalloc byte[Connection.BufferSize];
        IoStatus status = IoStatus.Progress;

        using (blocked.Enter(client))
        {
            while (status != IoStatus.Closed && !blocked.Stop.IsCancellationRequested)
            {
                if (client.HasUnsent)
                {
                    status = client.SendUnsent();
                    continue;
                }

                status = client.Receive(buffer, out ReadOnlySpan<byte> reply);
                if (!reply.IsEmpty)
                    status = client.Send(reply);
            }
        }

        if (status == IoStatus.Closed)
            sockets.Close(client);
    }
}
