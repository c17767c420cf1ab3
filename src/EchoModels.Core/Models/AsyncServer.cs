using System.Net.Sockets;
using EchoModels.Async;
using EchoModels.Connections;

namespace EchoModels.Models;

/// <summary>One async method per connection: it reads like a blocking one, but the rest of the method waits, not a thread.</summary>
/// <remarks>
/// The runtime waits for all: in its own epoll on Linux, in a completion port on Windows. To await zero bytes is to wait until something
/// can be received, so an idle connection holds no buffer.
/// </remarks>
public sealed class AsyncServer : IEchoServer
{
    [ThreadStatic]
    private static byte[]? _buffer;

    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        sockets.SetBlocking(false);
        using AsyncSockets io = new(sockets);
        using TaskGroup tasks = new(stop);

        io.RunOnRuntimeThread(() =>
        {
            foreach (Connection adopted in sockets)
                tasks.Start(() => Serve(adopted, sockets, io, tasks.Stop));
            foreach (Listener listener in sockets.Listeners)
                tasks.Start(() => Accept(listener, sockets, io, tasks));
        });

        sockets.ReportStarted();
        tasks.WaitForAll();
    }

    private static async Task Accept(Listener listener, SocketSet sockets, AsyncSockets io, TaskGroup tasks)
    {
        while (true)
        {
            await Task.Delay(listener.BackoffLeft, tasks.Stop); // no time at all, unless an accept has failed
            if (await io.Accept(listener, tasks.Stop) is { } client)
                tasks.Start(() => Serve(client, sockets, io, tasks.Stop));
        }
    }

    private static async Task Serve(Connection client, SocketSet sockets, AsyncSockets io, CancellationToken stop)
    {
        try
        {
            while (client.Echo(_buffer ??= new byte[Connection.BufferSize]) != IoStatus.Closed)
            {
                if (client.HasUnsent)
                    await io.SendByte(client, stop);
                else
                    await io.Readable(client, stop);
            }
        }
        catch (SocketException broken)
        {
            client.StatusOf(broken.SocketErrorCode);
        }

        sockets.Close(client);
    }
}
