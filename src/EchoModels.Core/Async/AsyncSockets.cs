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
internal sealed class AsyncSockets : IDisposable
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

    /// <summary>Runs something on the thread that waits in the runtime's epoll, and returns when it is done.</summary>
    /// <remarks>
    /// A socket that joins that epoll is ready at once, as it has room to send (EPOLLOUT). With a thousand that join, the thread would be
    /// woken a thousand times, and take the processor from whoever adds them. While it is the one that adds them, it is not woken.
    /// </remarks>
    public void RunOnRuntimeThread(Action action)
    {
        if (!TryRunOnRuntimeThread(action))
            action(); // it takes longer, and that is all
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

    /// <returns>False if that thread cannot be reached: no descriptor is free, or the datagram is refused; then nothing was run.</returns>
    private bool TryRunOnRuntimeThread(Action action)
    {
        using Waker? waker = OperatingSystem.IsLinux() ? TryOpenWaker() : null;
        if (waker is null)
            return false;

        using CancellationTokenSource refused = new();
        Task<bool> done = RunWhenWoken(_objects[waker.Socket], action, refused.Token);
        _sockets.Kernel.Send(waker.Socket, [0], out SocketError error);
        if (error != SocketError.Success)
            refused.Cancel();

        return done.GetAwaiter().GetResult();
    }

    private Waker? TryOpenWaker()
    {
        try
        {
            return new Waker(_sockets.Kernel);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>What follows the await runs on the thread that has received.</summary>
    private static async Task<bool> RunWhenWoken(Socket waker, Action action, CancellationToken refused)
    {
        PreferInline?.Invoke(waker, true);
        try
        {
            await waker.ReceiveAsync(new byte[1], refused);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        action();
        return true;
    }
}
