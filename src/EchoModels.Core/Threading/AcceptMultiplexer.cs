using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Threading;

/// <summary>Where one thread waits for the next client: in accept itself, or, with several ports, before all of them.</summary>
/// <remarks>A thread can sleep in one accept only. With more listeners it first asks a selector which of them has a client.</remarks>
internal sealed class AcceptMultiplexer : IDisposable
{
    private readonly SocketSet _sockets;
    private readonly ISelector? _selector;
    private readonly CancellationTokenRegistration _registration;
    private int _turn;

    public AcceptMultiplexer(SocketSet sockets, ISelector? selector, CancellationToken stop)
    {
        _sockets = sockets;
        _selector = selector;
        if (selector is null)
            return;

        _registration = stop.Register(() => selector.Wake());
        foreach (Listener listener in sockets.Listeners)
            selector.Add(listener.Socket, Interest.Read, listener.Token);
    }

    /// <summary>The listener to accept from now, a busy one not always before the others; null if the wait was ended.</summary>
    public Listener? Next()
    {
        if (_selector is null)
            return _sockets.Listeners[0];

        ReadOnlySpan<ReadyEvent> ready = _selector.Wait(Timeout.Infinite);
        return ready.IsEmpty ? null : (Listener?)_sockets.Find(ready[_turn++ % ready.Length].Token);
    }

    public void Dispose()
    {
        _registration.Dispose();
        _selector?.Dispose();
    }
}
