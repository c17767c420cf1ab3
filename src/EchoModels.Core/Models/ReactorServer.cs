using EchoModels.Selectors;
using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>One thread, one selector: sleep until some sockets are ready, attend to those, sleep again.</summary>
/// <remarks>select, poll and epoll are this one page; they differ in the selector, which is in how the kernel is asked.</remarks>
public sealed class ReactorServer(Func<ISelector> openSelector) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using ISelector selector = openSelector();
        using CancellationTokenRegistration wake = stop.Register(selector.Wake);
        new Reactor(sockets, selector).Run(stop);
    }

    private sealed class Reactor(SocketSet sockets, ISelector selector)
    {
        /// <summary>However many wait in the backlog, the connections get their turn after so many accepts.</summary>
        private const int AcceptsPerTurn = 64;

        private readonly byte[] _buffer = new byte[Connection.BufferSize];

        public void Run(CancellationToken stop)
        {
            sockets.SetBlocking(false);
            foreach (Listener listener in sockets.Listeners)
                Add(listener);
            foreach (Connection adopted in sockets)
                Add(adopted);

            sockets.Adopted();
            while (!stop.IsCancellationRequested)
                Turn();
        }

        private void Turn()
        {
            int sleep = sockets.RestMilliseconds;
            foreach (Listener listener in sockets.Listeners)
                Update(listener);

            foreach (ReadyEvent ready in selector.Wait(sleep))
            {
                switch (sockets.Find(ready.Token))
                {
                    case Listener listener: Welcome(listener); break;
                    case Connection connection: Attend(connection); break;
                    case null: break; // closed a moment ago, in this same batch
                }
            }
        }

        private void Welcome(Listener listener)
        {
            for (int i = 0; i < AcceptsPerTurn && sockets.TryAccept(listener, out Connection? newcomer); i++)
            {
                if (selector.CanWatch(newcomer.Socket))
                    Add(newcomer);
                else
                    sockets.Close(newcomer, CloseReason.Limit);
            }
        }

        private void Attend(Connection connection)
        {
            if (connection.Echo(_buffer) == IoStatus.Closed)
            {
                selector.Remove(connection.Socket);
                sockets.Close(connection);
            }
            else
            {
                Update(connection);
            }
        }

        private void Add(WatchedSocket socket)
        {
            socket.Told = socket.Interest;
            selector.Add(socket.Socket, socket.Told, socket.Token);
        }

        /// <summary>Tells the selector only what has changed: a connection that begins or ceases to owe, a listener that rests.</summary>
        private void Update(WatchedSocket socket)
        {
            Interest now = socket.Interest;
            if (now == socket.Told)
                return;

            socket.Told = now;
            selector.Modify(socket.Socket, now, socket.Token);
        }
    }
}
