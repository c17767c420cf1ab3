using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>Asks again and again for a while before it sleeps: latency gets shorter, and a processor is the price.</summary>
/// <remarks>To fall asleep and be woken takes longer than an echo. The gain is largest with one connection.</remarks>
internal sealed class SpinningSelector(ISelector selector, TimeSpan spin, TimeProvider clock) : ISelector
{
    private volatile bool _woken;

    public bool CanWatch(SocketHandle socket) => selector.CanWatch(socket);

    public void Add(SocketHandle socket, Interest interest) => selector.Add(socket, interest);

    public void Modify(SocketHandle socket, Interest interest) => selector.Modify(socket, interest);

    public void Remove(SocketHandle socket) => selector.Remove(socket);

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        long start = clock.GetTimestamp();
        ReadOnlySpan<ReadyEvent> ready;
        do
        {
            ready = selector.Wait(0);
        }
        while (ready.IsEmpty && !_woken && milliseconds != 0 && clock.GetElapsedTime(start) < spin);

        if (ready.IsEmpty && !_woken && milliseconds != 0)
            ready = selector.Wait(milliseconds);

        _woken = false;
        Interlocked.MemoryBarrier(); // the caller's next reads must not have been made before
        return ready;
    }

    public void Wake()
    {
        // Wait(0) consumes the wake-up and returns no event, so the flag is set first; otherwise the spin would miss it.
        _woken = true;
        selector.Wake();
    }

    public void Dispose() => selector.Dispose();
}
