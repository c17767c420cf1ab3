using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Signals;

namespace EchoModels.EventLoops;

/// <summary>Signal-driven: nobody asks about sockets; each sends a signal, with its number, when something happens to it.</summary>
/// <remarks>
/// W. R. Stevens' fourth model, in the form that Linux gives it: the signal does not interrupt, it waits in a queue until it is
/// collected. It tells an event once, like an edge of epoll; but every event has its own, and may be out of date when it is read:
/// then the socket just says "not now". There is no list of sockets in the kernel, only a flag on each (O_ASYNC).
/// </remarks>
internal sealed class SignalReactor : EdgeLoop, IEventLoop
{
    /// <summary>However many signals wait, those who are unfinished get their turn after so many.</summary>
    private const int SignalsAtOnce = 64;

    private readonly SocketSet _sockets;
    private readonly SignalQueue _signals;

    /// <summary>Who last had a descriptor's number.</summary>
    private Token[] _tokens = new Token[64];

    public SignalReactor(SocketSet sockets, SignalQueue signals)
        : base(sockets)
    {
        _sockets = sockets;
        _signals = signals;
        _sockets.Aborted += Wake; // shutting a socket down ourselves makes the kernel send no signal
    }

    public void Wake() => _signals.Wake();

    public void Dispose()
    {
        _sockets.Aborted -= Wake;
        foreach (Listener listener in _sockets.Listeners)
            SignalQueue.Disarm(listener.Socket);
        foreach (Connection connection in _sockets)
            SignalQueue.Disarm(connection.Socket);

        _signals.Dispose();
    }

    protected override void Watch(EventSource socket)
    {
        int descriptor = (int)socket.Socket.Handle;
        while (descriptor >= _tokens.Length)
            Array.Resize(ref _tokens, _tokens.Length * 2);

        _tokens[descriptor] = socket.Token;
        _signals.Arm(socket.Socket);
    }

    protected override void Forget(Connection connection)
    {
        // Closing disarms. A signal that is still queued finds nobody, or a newcomer of the same number, who is asked in vain.
    }

    protected override void Collect(ReadyList readyList)
    {
        for (int i = 0; i < SignalsAtOnce; i++)
        {
            int descriptor = _signals.Wait(readyList.LongestWait);
            if (descriptor == SignalQueue.Anybody)
                readyList.AddAll();
            if (descriptor < 0)
                return;

            Attend(_tokens[descriptor], onlyBytes: false);
        }
    }
}
