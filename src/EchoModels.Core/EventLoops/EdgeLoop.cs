using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>What is told once must be used up, or remembered: the half that edge-triggered epoll and signals have in common.</summary>
/// <remarks>
/// What is ready and stays ready is not told again. So everything is tried until it says "not now"; whoever is stopped before that
/// is unfinished, and comes again. A receive that leaves room in the buffer is not the end, unless it is known that there is
/// nothing but bytes: urgent data cuts a receive short, and the end of the stream may have come, and was told, together with them.
/// </remarks>
internal abstract class EdgeLoop(SocketSet sockets)
{
    /// <summary>However much one client sends, the others get their turn after so many receives from it.</summary>
    private const int TurnsAtOnce = 8;

    /// <summary>However many wait in the backlog, the connections get their turn after so many accepts.</summary>
    private const int AcceptsAtOnce = 64;

    private readonly byte[] _buffer = new byte[Connection.BufferSize];
    private readonly ReadyList _readyList = new(sockets);

    /// <summary>Where a newcomer is to be watched; here, unless it is told otherwise.</summary>
    public Action<Connection>? Place { get; set; }

    /// <summary>Waits once, and attends to those that have something or may have.</summary>
    public void Turn()
    {
        foreach (Token token in _readyList.Take())
            Attend(token, onlyBytes: false);

        Collect(_readyList);
    }

    /// <summary>Watches it first, and has it tried afterwards: what happens in between is then told, what was before is found.</summary>
    public void Add(EventSource socket)
    {
        Watch(socket);
        _readyList.Add(socket);
    }

    /// <summary>From here on, the kernel tells what happens to the socket.</summary>
    protected abstract void Watch(EventSource socket);

    /// <summary>The connection is about to be closed.</summary>
    protected abstract void Forget(Connection connection);

    /// <summary>Waits for news, and attends to those that it is about.</summary>
    protected abstract void Collect(ReadyList readyList);

    /// <summary>The socket has news, or may have: it is used until there is nothing to do for now, or it has had its share.</summary>
    /// <param name="token">Whose news.</param>
    /// <param name="onlyBytes">Whether it has neither ended, when this was told, nor is anything in it urgent.</param>
    protected void Attend(Token token, bool onlyBytes)
    {
        switch (sockets.Find(token))
        {
            case Connection connection: Converse(connection, onlyBytes); break;
            case Listener listener: Welcome(listener); break;
            case null: break; // closed a moment ago
        }
    }

    private void Welcome(Listener listener)
    {
        Action<Connection> place = Place ?? Add;
        for (int i = 0; i < AcceptsAtOnce && sockets.TryAccept(listener, out Connection? newcomer); i++)
            place(newcomer);

        // Enough for now, or no descriptor free: of those who wait already, nobody will tell again.
        if (listener.Queued > 0)
            _readyList.Add(listener);
    }

    private void Converse(Connection connection, bool onlyBytes)
    {
        IoStatus status = IoStatus.Progress;
        for (int i = 0; i < TurnsAtOnce && status == IoStatus.Progress; i++)
        {
            status = connection.Echo(_buffer);

            // It has given all that was told, and has been answered. What comes from now on is told anew.
            if (onlyBytes && connection is { WasShortRead: true, HasUnsent: false } && status == IoStatus.Progress)
                return;
        }

        if (status == IoStatus.Progress)
        {
            _readyList.Add(connection);
        }
        else if (status == IoStatus.Closed)
        {
            Forget(connection);
            sockets.Close(connection);
        }
    }
}
