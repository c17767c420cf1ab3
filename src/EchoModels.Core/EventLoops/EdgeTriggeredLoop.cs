using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>The edge-triggered event loop: what is reported once is used until EAGAIN, or stays on a list of ready sockets.</summary>
/// <remarks>
/// All interests are registered for good; nothing is changed in the kernel while a connection lasts. A receive that leaves room in the
/// buffer was the last one, and the one that would say EAGAIN is saved, but only if nothing but bytes was reported (EPOLLRDHUP, EPOLLPRI):
/// urgent data cuts a receive short, and the end of the stream may have come together with bytes. See the questions in epoll(7).
/// </remarks>
internal sealed class EdgeTriggeredLoop : IEventLoop
{
    /// <summary>The other sockets get their turn after so many steps of one connection.</summary>
    private const int MaxSteps = 8;

    /// <summary>The connections get their turn after so many accepts, however long the backlog is.</summary>
    private const int MaxAccepts = 64;

    private const Interest Everything = Interest.Read | Interest.Write | Interest.EndOrUrgent;

    private readonly SocketSet _sockets;
    private readonly ISelector _selector;
    private readonly byte[] _buffer = new byte[Connection.BufferSize];
    private readonly int _room;
    private readonly ReadyList _readyList;

    public EdgeTriggeredLoop(SocketSet sockets, ISelector selector)
    {
        _sockets = sockets;
        _selector = selector;
        _room = sockets.Policy.Reply.Headroom(_buffer).Length;
        _readyList = new ReadyList(sockets);
        sockets.Aborted += Wake; // a shutdown of our own sends no signal; a wake-up has a signal selector return all
    }

    public Action<Connection>? OnAccepted { get; set; }

    /// <summary>Watches it first and tries it afterwards: what happens in between is reported, what was there before is found.</summary>
    public void Add(EventSource socket)
    {
        _selector.Add(socket.Socket, socket is Listener ? Interest.Read : Everything);
        _readyList.Add(socket.Token);
    }

    public void RunOnce()
    {
        foreach (Token token in _readyList.Take())
            HandleReady(token, onlyBytes: false);

        foreach (ReadyEvent edge in _selector.Wait(_readyList.LongestWait))
            HandleReady(edge.Token, onlyBytes: (edge.Ready & Interest.EndOrUrgent) == 0);
    }

    public void Wake() => _selector.Wake();

    public void Dispose()
    {
        _sockets.Aborted -= Wake;
        _selector.Dispose();
    }

    private void HandleReady(Token token, bool onlyBytes)
    {
        switch (_sockets.Find(token))
        {
            case Listener listener: Accept(listener); break;
            case Connection connection: Serve(connection, onlyBytes); break;
        }
    }

    private void Accept(Listener listener)
    {
        Action<Connection> onAccepted = OnAccepted ?? Add;
        for (int i = 0; i < MaxAccepts && _sockets.TryAccept(listener, out Connection? accepted); i++)
            onAccepted(accepted);

        // Too many at once, or no descriptor is free: those that wait already are not reported again.
        if (_sockets.Kernel.BacklogLength(listener.Socket) > 0)
            _readyList.Add(listener.Token);
    }

    private void Serve(Connection connection, bool onlyBytes)
    {
        for (int i = 0; i < MaxSteps; i++)
        {
            long before = connection.BytesIn;
            IoStatus status = connection.Echo(_buffer);
            if (status == IoStatus.Closed)
            {
                _selector.Remove(connection.Socket);
                _sockets.Close(connection);
                return;
            }

            long received = connection.BytesIn - before;
            bool isShortRead = received > 0 && received < _room && !connection.HasUnsent;
            if (status == IoStatus.WouldBlock || (onlyBytes && isShortRead))
                return;
        }

        _readyList.Add(connection.Token);
    }
}
