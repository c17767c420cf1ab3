using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Selectors;

namespace EchoModels.Threading;

/// <summary>Where one thread waits for the next client: in accept itself; with several ports, in a selector that tells which to accept from.</summary>
/// <remarks>A thread can sleep in one accept only, so with more listeners it asks first.</remarks>
internal sealed class AcceptMultiplexer : IDisposable
{
    private readonly SocketSet _sockets;
    private readonly ISelector? _selector;
    private readonly CancellationTokenRegistration _registration;
    private int _next;

    /// <param name="sockets">The set whose listeners are asked.</param>
    /// <param name="selectors">Opens a selector if there are several listeners.</param>
    /// <param name="stop">Ends the wait.</param>
    public AcceptMultiplexer(SocketSet sockets, SelectorFactory selectors, CancellationToken stop)
    {
        _sockets = sockets;
        if (sockets.Listeners.Count == 1)
            return;

        ISelector selector = _selector = selectors.Open("poll", sockets.Kernel);
        _registration = stop.Register(selector.Wake);
        foreach (Listener listener in sockets.Listeners)
            selector.Add(listener.Socket, Interest.Read);
    }

    /// <summary>The listener to accept from now; of several that are ready, each gets its turn. Null if the wait was ended.</summary>
    public Listener? Next()
    {
        if (_selector is null)
            return _sockets.Listeners[0];

        ReadOnlySpan<ReadyEvent> ready = _selector.Wait(Timeout.Infinite);
        return ready.IsEmpty ? null : (Listener?)_sockets.Find(ready[_next++ % ready.Length].Token);
    }

    public void Dispose()
    {
        _registration.Dispose();
        _selector?.Dispose();
    }
}
