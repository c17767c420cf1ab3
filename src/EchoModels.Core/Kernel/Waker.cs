namespace EchoModels.Kernel;

/// <summary>Ends the wait of a selector from another thread: a datagram socket connected to itself, watched like any other.</summary>
/// <remarks>
/// The self-pipe trick (D. J. Bernstein), in the one form that every selector on every system can watch. At most one datagram is under
/// way: a wake while one is pending makes no call.
/// </remarks>
internal sealed class Waker : IDisposable
{
    private readonly IKernel _kernel;
    private readonly byte[] _datagram = new byte[1];
    private readonly Lock _gate = new();
    private int _pending;

    /// <exception cref="IOException">The kernel gives no socket.</exception>
    public Waker(IKernel kernel)
    {
        _kernel = kernel;
        Socket = new SocketHandle(kernel.OpenDatagramToItself(), Token.Waker);
    }

    /// <summary>The socket to watch for reading.</summary>
    public SocketHandle Socket { get; private set; }

    /// <summary>Whether there was a wake since the last <see cref="Reset"/>.</summary>
    public bool IsPending => Volatile.Read(ref _pending) != 0;

    /// <summary>Makes the socket ready, from any thread; does nothing if it is, or if the waker has been disposed of.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _pending, 1) != 0)
            return;

        // The number may be another socket's once this one is closed.
        lock (_gate)
        {
            if (Socket.IsOpen)
                _kernel.Send(Socket, _datagram, out _);
        }
    }

    /// <summary>Takes the datagram out, so that the next wake sends one again. Called when the socket is ready.</summary>
    public void Reset()
    {
        Span<byte> taken = stackalloc byte[1];
        _kernel.Receive(Socket, taken, out _);

        // A full fence: the work that a wake announces is looked for after this, and must not have been read before.
        Interlocked.Exchange(ref _pending, 0);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (!Socket.IsOpen)
                return;

            _kernel.Close(Socket);
            Socket = Socket.Closed();
        }
    }
}
