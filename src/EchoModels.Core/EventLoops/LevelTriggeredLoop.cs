using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>One selector: sleep until some sockets are ready, attend to those, sleep again.</summary>
/// <remarks>select, poll and epoll are this one page; they differ in the selector, which is in how the kernel is asked.</remarks>
internal sealed class LevelTriggeredLoop(SocketSet sockets, ISelector selector) : IEventLoop
{
    /// <summary>However many wait in the backlog, the connections get their turn after so many accepts.</summary>
    private const int AcceptsPerTurn = 64;

    private readonly byte[] _buffer = new byte[Connection.BufferSize];
    private readonly List<Listener> _listeners = [];

    public Action<Connection>? Place { get; set; }

    public void Turn()
    {
        int sleep = _listeners.Count > 0 ? sockets.BackoffMilliseconds : Timeout.Infinite;
        foreach (Listener listener in _listeners)
            Update(listener);

        foreach (EventSource ready in new ReadySockets(sockets, selector.Wait(sleep)))
        {
            switch (ready)
            {
                case Listener listener: Welcome(listener); break;
                case Connection connection: Attend(connection); break;
            }
        }
    }

    public void Add(EventSource socket)
    {
        if (socket is Listener listener)
            _listeners.Add(listener);

        socket.Told = socket.Interest;
        selector.Add(socket.Socket, socket.Told, socket.Token);
    }

    public void Wake() => selector.Wake();

    public void Dispose() => selector.Dispose();

    private void Welcome(Listener listener)
    {
        Action<Connection> place = Place ?? Add;
        for (int i = 0; i < AcceptsPerTurn && sockets.TryAccept(listener, out Connection? newcomer); i++)
        {
            if (selector.CanWatch(newcomer.Socket))
                place(newcomer);
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

    /// <summary>Tells the selector only what has changed: a connection that begins or ceases to owe, a listener that rests.</summary>
    private void Update(EventSource socket)
    {
        Interest now = socket.Interest;
        if (now == socket.Told)
            return;

        socket.Told = now;
        selector.Modify(socket.Socket, now, socket.Token);
    }
}
