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
    private readonly RuntimeKernel _kernel;

    /// <exception cref="IOException">The runtime's epoll does not answer.</exception>
    public AsyncSockets(SocketSet sockets)
    {
        _sockets = sockets;
        _kernel = sockets.Kernel.Runtime ?? throw new InvalidOperationException("async needs the runtime's sockets");
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
        _kernel.Observer.Began(in call);
        try
        {
            Socket accepted = await _kernel[listener.Socket].AcceptAsync(stop);
            int number = _kernel.Add(accepted);
            _kernel.Observer.Ended(in call, number, 0);
            return _sockets.Adopt(number);
        }
        catch (SocketException refusal)
        {
            _kernel.Observer.Ended(in call, -1, RuntimeKernel.ErrnoOf(refusal.SocketErrorCode));
            _sockets.AcceptFailed(listener, refusal.SocketErrorCode);
            return null;
        }
    }

    /// <summary>Waits until something can be received: a receive of zero bytes.</summary>
    public ReadableAwaiter Readable(Connection client, CancellationToken stop)
    {
        Socket socket = _kernel[client.Socket];
        PreferInline?.Invoke(socket, true);
        Call call = new(SystemCall.ReceiveAsync, client.Socket);
        _kernel.Observer.Began(in call);
        return new ReadableAwaiter(socket.ReceiveAsync(Memory<byte>.Empty, stop), call, _kernel.Observer);
    }

    /// <summary>Waits until there is room, and sends one byte of what is unsent.</summary>
    /// <remarks>A cancelled send does not tell how much it has sent. One byte has either gone or not.</remarks>
    public async ValueTask SendByte(Connection client, CancellationToken stop)
    {
        Call call = new(SystemCall.SendAsync, client.Socket, 1);
        _kernel.Observer.Began(in call);
        int count = await _kernel[client.Socket].SendAsync(client.Unsent[..1], stop);
        client.Consume(count);
        _kernel.Observer.Ended(in call, count, 0);
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
            RuntimeEpoll.Remove(_sockets);
    }
}
