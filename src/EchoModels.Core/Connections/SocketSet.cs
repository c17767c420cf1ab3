using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Processes;

namespace EchoModels.Connections;

/// <summary>The sockets that a model borrows: the listeners, and every open connection. It outlives every model.</summary>
/// <remarks>
/// Any thread may accept, close and enumerate. While a model serves, only that model touches the sockets; whoever enumerates
/// meanwhile sees connections come and go. The events are raised on the thread that accepts or closes, and must not block it.
/// </remarks>
public sealed class SocketSet : IDisposable
{
    private readonly ISocketIo _io;
    private readonly EchoPolicy _policy;
    private readonly List<Listener> _listeners = [];
    private readonly SlotTable _slots = new();
    private int _waiting;
    private volatile bool _blocking;
    private nint _latest;

    public SocketSet(IEnumerable<Listener> listeners, ISocketIo io, EchoPolicy? policy = null)
    {
        _io = io;
        _policy = policy ?? new EchoPolicy();
        Children = new ChildProcesses(this);
        foreach (Listener listener in listeners)
        {
            _slots.Add(listener);
            _listeners.Add(listener);
        }
    }

    /// <summary>A connection was taken out of a backlog.</summary>
    public event Action<Connection>? Accepted;

    /// <summary>A connection was closed, and why.</summary>
    public event Action<Connection, CloseReason>? Closed;

    /// <summary>An accept failed for want of something, most often a descriptor; the listener rests, and its clients wait in the backlog.</summary>
    public event Action<Listener, SocketError>? AcceptFailed;

    /// <summary>A connection was ended from outside, as by the idle timeout: for a model that its kernel does not tell. On any thread.</summary>
    public event Action? Aborted;

    /// <summary>The model that is now serving has every socket in its hands.</summary>
    public event Action? Started;

    public IReadOnlyList<Listener> Listeners => _listeners;

    /// <summary>What clients get for what they send: for models that make room for it in buffers of their own.</summary>
    internal Reply Reply => _policy.Reply;

    /// <summary>The connections that have left the set for a process of their own.</summary>
    public ChildProcesses Children { get; }

    /// <summary>How many connections are open and in the set.</summary>
    public int Count => _slots.Connections;

    /// <summary>How many of them wait until their model has a thread or a process for them; the model keeps the count.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>How long a selector may sleep, in milliseconds: for ever, or until the first resting listener may be asked again.</summary>
    public int BackoffMilliseconds
    {
        get
        {
            int wait = Timeout.Infinite;
            foreach (Listener listener in _listeners)
            {
                if (listener.IsBackingOff && (wait == Timeout.Infinite || listener.BackoffLeft < wait))
                    wait = listener.BackoffLeft;
            }

            return wait;
        }
    }

    /// <summary>The socket that goes by this token; null if it has been closed since.</summary>
    public EventSource? Find(Token token) => _slots.Find(token);

    /// <summary>Says that a socket is going to be looked for soon.</summary>
    internal void Prefetch(Token token) => _slots.Prefetch(token);

    /// <summary>Takes one client out of a listener's backlog; on a blocking set it sleeps until there is one.</summary>
    /// <returns>False if there is none to be had now: nobody there, the listener rests, or the call was let go.</returns>
    public bool TryAccept(Listener listener, [NotNullWhen(true)] out Connection? newcomer)
    {
        newcomer = null;
        if (!CanAccept(listener))
            return false;

        Socket? socket = _io.Accept(listener.Socket, _blocking, out SocketError error);
        if (socket is null)
        {
            Refused(listener, error);
            return false;
        }

        newcomer = Admit(socket);
        return newcomer is not null;
    }

    /// <summary>Whether a listener may be asked now: not while it rests, nor when descriptors run out, for which it is given a rest.</summary>
    internal bool CanAccept(Listener listener)
    {
        if (listener.IsBackingOff)
            return false;

        listener.EndBackoff();
        if (!DescriptorLimit.IsReached(_latest, listener.Socket))
            return true;

        Refused(listener, SocketError.TooManyOpenSockets);
        return false;
    }

    /// <summary>Takes in a client that somebody else has taken out of a backlog: the kernel by itself, or the runtime.</summary>
    /// <returns>Null if it was one too many, and has been closed.</returns>
    internal Connection? Welcome(Socket accepted)
    {
        _io.SetBlocking(accepted, _blocking);
        return Admit(accepted);
    }

    /// <summary>Closes a connection whose conversation is over, for the reason it gave.</summary>
    public void Close(Connection connection) => Close(connection, connection.ClosedBecause);

    /// <summary>Closes a connection. The model has stopped watching it.</summary>
    public void Close(Connection connection, CloseReason reason)
    {
        _slots.Remove(connection);
        CloseDetached(connection, reason);
    }

    /// <summary>Lets a connection go without closing it; from now on it is another's to look after.</summary>
    internal void Detach(Connection connection) => _slots.Remove(connection);

    /// <summary>Closes a connection that is no longer in the set.</summary>
    internal void CloseDetached(Connection connection, CloseReason reason)
    {
        connection.Dispose();
        Closed?.Invoke(connection, reason);
    }

    /// <summary>Ends a conversation from outside, on any thread: whoever serves it meets the end of the stream, and closes it.</summary>
    public void Abort(Connection connection, CloseReason reason)
    {
        connection.Abort(reason);
        Aborted?.Invoke();
    }

    /// <summary>Stops listening. Who is still in the backlog is reset by the kernel.</summary>
    public void CloseListeners()
    {
        foreach (Listener listener in _listeners)
        {
            _slots.Remove(listener);
            listener.Socket.Dispose();
        }

        _listeners.Clear();
    }

    /// <summary>Makes every socket of the set, and every one to come, blocking or non-blocking.</summary>
    public void SetBlocking(bool blocking)
    {
        _blocking = blocking;
        foreach (Listener listener in _listeners)
            _io.SetBlocking(listener.Socket, blocking);
        foreach (Connection connection in this)
            _io.SetBlocking(connection.Socket, blocking);
    }

    /// <summary>Lets the calls to come on one socket return at once, though the others block; see <see cref="Threading.BlockedThreads"/>.</summary>
    internal void EndBlocking(EventSource socket) => _io.SetBlocking(socket.Socket, false);

    /// <summary>The model says: so many more wait, or fewer.</summary>
    internal void AddWaiting(int change) => Interlocked.Add(ref _waiting, change);

    /// <summary>The model says: from here on, each socket is served.</summary>
    public void ReportStarted() => Started?.Invoke();

    /// <summary>Bytes that the kernel holds for the peer and that the peer has not acknowledged.</summary>
    public int Unacknowledged(Connection connection) => _io.Unacknowledged(connection.Socket);

    /// <summary>Walks the connections; those that come or go meanwhile may or may not be seen.</summary>
    public SlotTable.Enumerator GetEnumerator() => _slots.GetEnumerator();

    public void Dispose()
    {
        CloseListeners();
        Children.Dispose();
        foreach (Connection connection in this)
            Close(connection, CloseReason.Drain);
    }

    /// <summary>Lets a listener rest whose accept failed, unless it failed for a reason that has passed.</summary>
    internal void Refused(Listener listener, SocketError error)
    {
        // The last three: the call was interrupted, given up by the model, or the client has gone again. Whoever calls asks once more.
        if (error is SocketError.WouldBlock or SocketError.Interrupted or SocketError.OperationAborted or SocketError.ConnectionAborted)
            return;

        listener.Rest();
        AcceptFailed?.Invoke(listener, error);
    }

    private Connection? Admit(Socket socket)
    {
        _latest = socket.Handle;
        Connection newcomer = new(socket, _io, _policy);
        bool isOneTooMany = _slots.Add(newcomer) + Children.Count > _policy.MaxConnections;
        Accepted?.Invoke(newcomer);
        if (!isOneTooMany)
            return newcomer;

        Close(newcomer, CloseReason.Limit);
        return null;
    }
}
