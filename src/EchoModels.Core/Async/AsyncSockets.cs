using System.Net.Sockets;
using System.Reflection;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Async;

/// <summary>The awaitable calls of System.Net.Sockets, on the sockets of a set.</summary>
/// <remarks>
/// The runtime makes the system calls, so only what is begun and completed can be reported. When it is disposed of, no socket of the set is
/// left in the runtime's own epoll.
/// </remarks>
internal sealed partial class AsyncSockets : IDisposable
{
    /// <summary>Whether what follows an await runs on the thread that waited, instead of on a thread of the pool: one switch less.</summary>
    /// <remarks>Not public, but left reachable by the runtime for trials. Without it everything works, at twice the price.</remarks>
    private static readonly Action<Socket, bool>? PreferInline = typeof(Socket)
        .GetProperty("PreferInlineCompletions", BindingFlags.Instance | BindingFlags.NonPublic)?
        .SetMethod?.CreateDelegate<Action<Socket, bool>>();

    private readonly SocketSet _sockets;
    private readonly ICallObserver _observer;
    private readonly SocketObjects _objects;

    /// <exception cref="IOException">The runtime's epoll does not answer.</exception>
    public AsyncSockets(SocketSet sockets)
    {
        _sockets = sockets;
        _observer = sockets.Kernel.Observer;
        _objects = sockets.Kernel.Objects ?? throw new IOException("async: needs Socket objects");
        RuntimeSockets.Demand();
        RuntimeThreads.Start();
        if (OperatingSystem.IsLinux())
            RuntimeEpoll.Find();
    }

    /// <summary>Waits for a connection, and takes it into the set; null if there is none to serve.</summary>
    public async ValueTask<Connection?> Accept(Listener listener, CancellationToken stop)
    {
        if (!_sockets.CanAccept(listener))
            return null;

        Call call = new(SystemCall.AcceptAsync, listener.Socket);
        _observer.Began(in call);
        try
        {
            int number = _objects.AddAccepted(await _objects[listener.Socket].AcceptAsync(stop));
            _observer.Ended(in call, number, 0);
            return _sockets.Adopt(number, listener);
        }
        catch (SocketException refusal)
        {
            _observer.Ended(in call, -1, RuntimeKernel.ErrnoOf(refusal.SocketErrorCode));
            _sockets.AcceptFailed(listener, refusal.SocketErrorCode);
            return null;
        }
    }

    /// <summary>Waits until something can be received: a receive of zero bytes.</summary>
    public ReadableAwaiter Readable(Connection client, CancellationToken stop)
    {
        Socket socket = _objects[client.Socket];
        PreferInline?.Invoke(socket, true);
        Call call = new(SystemCall.ReceiveAsync, client.Socket);
        _observer.Began(in call);
        return new ReadableAwaiter(socket.ReceiveAsync(Memory<byte>.Empty, stop), call, _observer);
    }

    /// <summary>Waits until there is room, and sends one byte of what is unsent.</summary>
    /// <remarks>A cancelled send does not tell how much it has sent. One byte has either gone or not.</remarks>
    public async ValueTask SendByte(Connection client, CancellationToken stop)
    {
        Call call = new(SystemCall.SendAsync, client.Socket, 1);
        _observer.Began(in call);
        int count = await _objects[client.Socket].SendAsync(client.Unsent[..1], stop);
        client.Consume(count);
        _observer.Ended(in call, count, 0);
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
            RuntimeEpoll.Remove(_sockets);
    }
}
