using System.Net.Sockets;
using EchoModels.Async;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Models;

/// <summary>One async method per connection: it reads like a blocking one, but the rest of the method waits, not a thread.</summary>
/// <remarks>
/// The runtime waits for all: in its own epoll on Linux, in a completion port on Windows. To await zero bytes is to wait for
/// something to receive, so an idle connection holds no buffer. The system calls are the runtime's, and not all can be counted.
/// </remarks>
public sealed class AsyncServer(CallCounters counters) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        counters.MarkUnknown(Counter.Accept, Counter.Wait, Counter.Control, Counter.WouldBlock);
        sockets.SetBlocking(false);
        try
        {
            RuntimeEngine.Enter(sockets);
            using TaskGroup crew = new(stop);
            Service service = new(sockets, counters, crew);
            foreach (Connection adopted in sockets)
                crew.Start(() => service.Converse(adopted));
            foreach (Listener listener in sockets.Listeners)
                crew.Start(() => service.Welcome(listener));

            sockets.ReportStarted();
            crew.WaitForAll();
        }
        finally
        {
            RuntimeEngine.Leave(sockets);
        }
    }

    private sealed class Service(SocketSet sockets, CallCounters counters, TaskGroup crew)
    {
        [ThreadStatic]
        private static byte[]? _buffer;

        public async Task Welcome(Listener listener)
        {
            while (true)
            {
                await Task.Delay(listener.BackoffLeft, crew.Stop); // no time at all, unless an accept has failed
                if (!sockets.CanAccept(listener))
                    continue;

                try
                {
                    counters.Add(Counter.Await);
                    Socket socket = await listener.Socket.AcceptAsync(crew.Stop);
                    if (sockets.Welcome(socket) is { } newcomer)
                        crew.Start(() => Converse(newcomer));
                }
                catch (SocketException refusal)
                {
                    sockets.Refused(listener, refusal.SocketErrorCode);
                }
            }
        }

        public async Task Converse(Connection client)
        {
            RuntimeEngine.RunInline(client);
            try
            {
                while (client.Echo(_buffer ??= new byte[Connection.BufferSize]) != IoStatus.Closed)
                {
                    if (client.HasUnsent)
                        await Writable(client);
                    else
                        await Readable(client);
                }
            }
            catch (SocketException broken)
            {
                client.StatusOf(broken.SocketErrorCode);
            }

            sockets.Close(client);
        }

        private ValueTask<int> Readable(Connection client)
        {
            counters.Add(Counter.Await);
            ValueTask<int> readable = client.Socket.ReceiveAsync(Memory<byte>.Empty, crew.Stop);
            return readable.IsCompletedSuccessfully ? AfterTheOthers() : readable;
        }

        /// <summary>Who always has something to receive would never wait, and so never let the thread go.</summary>
        private static async ValueTask<int> AfterTheOthers()
        {
            await Task.Yield();
            return 0;
        }

        /// <summary>A cancelled send does not tell how much it had sent. One byte has either gone or not.</summary>
        private async ValueTask Writable(Connection client)
        {
            counters.Add(Counter.Await);
            counters.MarkUnknown(Counter.Send);
            int count = await client.Socket.SendAsync(client.Unsent[..1], crew.Stop);
            client.Consume(count);
            counters.Add(Counter.ByteOut, count);
        }
    }
}
