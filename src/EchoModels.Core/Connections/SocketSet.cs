using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <summary>The sockets that a model borrows: the listeners, and every open connection. It outlives every model.</summary>
/// <remarks>
/// Any thread may accept, close, abort and enumerate. While a model serves, only that model makes calls on the sockets; an enumeration
/// meanwhile sees connections come and go. A descriptor is closed under the lock of its slot, and so is a call from another thread made.
/// </remarks>
public sealed partial class SocketSet : IDisposable
{
    private volatile Listener[] _listeners;
    private readonly SlotTable _slots = new();
    private int _waiting;
    private long _accepted;
    private long _closed;
    private volatile bool _blocking;
    private bool _allNonBlocking;
    private int _latest;

    /// <param name="listeners">Where connections come from.</param>
    /// <param name="kernel">Makes the calls until the set is lent with another one.</param>
    /// <param name="policy">What clients are promised; null for a plain echo.</param>
    /// <param name="events">Where what happens is published; null for nowhere.</param>
    public SocketSet(IEnumerable<Listener> listeners, IKernel kernel, EchoPolicy? policy = null, ServerEvents? events = null)
    {
        (Kernel, Policy, Events) = (kernel, policy ?? new EchoPolicy(), events ?? new ServerEvents());
        _listeners = [.. listeners];
        Array.ForEach(_listeners, _slots.Add);
    }

    /// <summary>The model that is now serving has every socket. Raised on its thread.</summary>
    public event Action? Started;

    /// <summary>Makes the calls on these sockets; the host sets it when it lends them.</summary>
    public IKernel Kernel { get; set; }

    /// <summary>What clients are promised.</summary>
    public EchoPolicy Policy { get; }

    /// <summary>Where what happens is told.</summary>
    public ServerEvents Events { get; }

    /// <summary>The listeners, until they are closed; another thread may be walking them then.</summary>
    public IReadOnlyList<Listener> Listeners => _listeners;

    /// <summary>How many connections are open and in the set.</summary>
    public int Count => _slots.Connections;

    /// <summary>How many of them wait until their model has a thread or a process for them; the model keeps the count.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Connections accepted since the start.</summary>
    public long AcceptedCount => Interlocked.Read(ref _accepted);

    /// <summary>Connections closed since the start.</summary>
    public long ClosedCount => Interlocked.Read(ref _closed);

    /// <summary>How long a wait may last, in milliseconds: without limit, or until the first listener that backs off may be asked again.</summary>
    public int BackoffMilliseconds
    {
        get
        {
            int wait = int.MaxValue;
            foreach (Listener listener in _listeners)
                wait = listener.IsBackingOff ? Math.Min(wait, listener.BackoffLeft) : wait;

            return wait == int.MaxValue ? Timeout.Infinite : wait;
        }
    }

    /// <summary>The socket of this token; null if it has been closed since.</summary>
    public EventSource? Find(Token token) => _slots.Find(token);

    /// <summary>Takes one connection out of a listener's backlog; on a blocking set it sleeps until there is one.</summary>
    /// <returns>False if there is none now: an empty backlog, a listener that backs off, or a call that was interrupted.</returns>
    public bool TryAccept(Listener listener, [NotNullWhen(true)] out Connection? accepted)
    {
        accepted = null;
        if (!CanAccept(listener))
            return false;
        int number = Kernel.Accept(listener.Socket, _blocking, out SocketError error);
        if (error != SocketError.Success)
            AcceptFailed(listener, error);

        accepted = error == SocketError.Success ? Admit(number, listener) : null;
        return accepted is not null;
    }

    /// <summary>Whether a listener may be asked now: not while it backs off, nor when descriptors run out, for which it backs off.</summary>
    public bool CanAccept(Listener listener)
    {
        if (listener.IsBackingOff)
            return false;

        listener.EndBackoff();
        if (Kernel.HasDescriptors(_latest, listener.Socket))
            return true;

        AcceptFailed(listener, SocketError.TooManyOpenSockets);
        return false;
    }

    /// <summary>Takes in a socket that was accepted otherwise: by a request to io_uring, by the runtime, or by another process.</summary>
    /// <returns>Null if it was one too many, and has been closed.</returns>
    /// <param name="number">The socket.</param>
    /// <param name="listener">The listener that it came to.</param>
    public Connection? Adopt(int number, Listener? listener = null)
    {
        Kernel.SetBlocking(new SocketHandle(number), _blocking);
        return Admit(number, listener);
    }

    /// <summary>Lets a listener back off whose accept failed, unless it failed for a reason that has passed.</summary>
    public void AcceptFailed(Listener listener, SocketError error)
    {
        if (listener.BacksOffAfter(error) && Events.HasSubscribers)
            Events.Publish(new BackingOff(listener.EndPoint, error, Kernel.Linux is null || Kernel.BacklogLength(listener.Socket) > 0));
    }

    /// <summary>Closes a connection that the model has stopped watching; without a reason, for the one that its conversation ended with.</summary>
    public void Close(Connection connection, CloseReason? reason = null)
    {
        lock (GateOf(connection.Token))
        {
            if (!_slots.Remove(connection))
                return; // closed before

            CloseDescriptor(connection);
        }

        CloseReason because = _aborted.TryRemove(connection.Token, out CloseReason aborted) ? aborted : reason ?? connection.CloseReason;
        if (Events.HasSubscribers)
            Events.Publish(new ConnectionClosed(connection.Token, connection.Peer, because, connection.Messages, connection.BytesIn));
    }

    /// <summary>Stops listening. What is still in the backlog is reset by the kernel.</summary>
    public void CloseListeners()
    {
        Listener[] closing = _listeners;
        _listeners = [];
        foreach (Listener listener in closing)
        {
            _slots.Remove(listener);
            Kernel.Close(listener.Socket);
            listener.Socket = listener.Socket.Closed();
        }
    }

    /// <summary>Makes every socket of the set, and every one to come, blocking or non-blocking.</summary>
    public void SetBlocking(bool blocking)
    {
        if (!blocking && _allNonBlocking)
            return; // two calls a socket saved, between two models that wait for readiness

        _blocking = blocking;
        _allNonBlocking = !blocking;
        foreach (Listener listener in _listeners)
            Kernel.SetBlocking(listener.Socket, blocking);
        foreach (Connection connection in this)
            Kernel.SetBlocking(connection.Socket, blocking);
    }

    /// <summary>The model reports: this connection waits until there is a thread or a process for it.</summary>
    public void BeginWait(Connection connection)
    {
        connection.IsWaiting = true;
        Interlocked.Increment(ref _waiting);
    }

    /// <summary>The model reports: this connection waits for a thread or a process no more.</summary>
    public void EndWait(Connection connection)
    {
        connection.IsWaiting = false;
        Interlocked.Decrement(ref _waiting);
    }

    /// <summary>The model reports: from here on, each socket is served.</summary>
    public void ReportStarted() => Started?.Invoke();

    /// <summary>Has the processor fetch what a step of this socket will read.</summary>
    internal void Prefetch(Token token) => _slots.Prefetch(token);

    /// <inheritdoc cref="SlotTable.GetEnumerator"/>
    public SlotTable.Enumerator GetEnumerator() => _slots.GetEnumerator();

    public void Dispose()
    {
        CloseListeners();
        foreach (Connection connection in this)
            Close(connection, CloseReason.Drain);
    }

    private Connection? Admit(int number, Listener? listener)
    {
        _latest = number;
        Connection connection = new(this, Kernel.PeerOf(new SocketHandle(number))) { Socket = new SocketHandle(number) };
        bool isOneTooMany = !TryJoin(connection);
        Interlocked.Increment(ref _accepted);
        if (Events.HasSubscribers)
            Events.Publish(new ConnectionAccepted(connection.Token, connection.Peer) { Listener = listener?.EndPoint });
        if (!isOneTooMany)
            return connection;

        CloseDescriptor(connection);
        if (Events.HasSubscribers)
            Events.Publish(new ConnectionClosed(connection.Token, connection.Peer, CloseReason.Limit, 0, 0));

        return null;
    }

    private void CloseDescriptor(Connection connection)
    {
        Kernel.Close(connection.Socket);
        connection.Socket = connection.Socket.Closed();
        Interlocked.Increment(ref _closed);
    }
}
