using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>The sockets that a wait has found ready, one after the other; those that have been closed meanwhile are left out.</summary>
/// <remarks>
/// While one of them is handled, the processor fetches the next from memory: with a thousand connections, the kernel's own work for each
/// message has displaced it from the caches.
/// </remarks>
/// <param name="sockets">Where they are found.</param>
/// <param name="events">What <see cref="ISelector.Wait"/> returned.</param>
internal ref struct ReadySockets(SocketSet sockets, ReadOnlySpan<ReadyEvent> events)
{
    private readonly ReadOnlySpan<ReadyEvent> _events = events;
    private int _next;

    public EventSource Current { get; private set; } = null!;

    public readonly ReadySockets GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_next < _events.Length)
        {
            EventSource? found = sockets.Find(_events[_next++].Token);
            if (_next < _events.Length)
                sockets.Prefetch(_events[_next].Token);
            if (found is null)
                continue;

            Current = found;
            return true;
        }

        return false;
    }
}
