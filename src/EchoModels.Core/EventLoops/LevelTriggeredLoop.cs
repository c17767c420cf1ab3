using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>The level-triggered event loop: sleep until some sockets are ready, one step for each of those, sleep again.</summary>
/// <remarks>select, poll, epoll and kqueue are this one page; they differ in the selector, which is in how the kernel is asked.</remarks>
internal sealed class LevelTriggeredLoop(SocketSet sockets, ISelector selector) : IEventLoop
{
    /// <summary>The connections get their turn after so many accepts, however long the backlog is.</summary>
    private const int MaxAccepts = 64;

    private readonly byte[] _buffer = new byte[Connection.BufferSize];
    private readonly List<Listener> _listeners = [];

    public Action<Connection>? OnAccepted { get; set; }

    public void Add(EventSource socket)
    {
        if (socket is Listener listener)
            _listeners.Add(listener);

        socket.RegisteredInterest = socket.Interest;
        selector.Add(socket.Socket, socket.Interest);
    }

    public void RunOnce()
    {
        int limit = _listeners.Count > 0 ? sockets.BackoffMilliseconds : Timeout.Infinite;
        foreach (Listener listener in _listeners)
            Update(listener);

        foreach (EventSource ready in new ReadySockets(sockets, selector.Wait(limit)))
        {
            switch (ready)
            {
                case Listener listener: Accept(listener); break;
                case Connection connection: Serve(connection); break;
            }
        }
    }

    public void Wake() => selector.Wake();

    public void Dispose() => selector.Dispose();

    private void Accept(Listener listener)
    {
        Action<Connection> onAccepted = OnAccepted ?? Add;
        for (int i = 0; i < MaxAccepts && sockets.TryAccept(listener, out Connection? accepted); i++)
        {
            if (selector.CanWatch(accepted.Socket))
                onAccepted(accepted);
            else
                sockets.Close(accepted, CloseReason.Limit);
        }
    }

    private void Serve(Connection connection)
    {
        if (connection.Echo(_buffer) != IoStatus.Closed)
        {
            Update(connection);
            return;
        }

        selector.Remove(connection.Socket);
        sockets.Close(connection);
    }

    /// <summary>Tells the selector only what has changed: a connection with unsent bytes waits for room, a listener may back off.</summary>
    private void Update(EventSource socket)
    {
        Interest now = socket.Interest;
        if (now == socket.RegisteredInterest)
            return;

        socket.RegisteredInterest = now;
        selector.Modify(socket.Socket, now);
    }
}
