using System.Diagnostics;
using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>Looks again and again for a while before it sleeps: whoever answers soon is met awake, and a processor is the price.</summary>
/// <remarks>Falling asleep and being woken takes longer than an echo. What this buys is latency, most of all with one connection.</remarks>
internal sealed class SpinningSelector(ISelector selector, TimeSpan spin) : ISelector
{
    private volatile bool _woken;

    public bool CanWatch(Socket socket) => selector.CanWatch(socket);

    public bool TellsKernel => selector.TellsKernel;

    public void Add(Socket socket, Interest interest, Token token) => selector.Add(socket, interest, token);

    public void Modify(Socket socket, Interest interest, Token token) => selector.Modify(socket, interest, token);

    public void Remove(Socket socket) => selector.Remove(socket);

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        long start = Stopwatch.GetTimestamp();
        ReadOnlySpan<ReadyEvent> ready;
        do
        {
            ready = selector.Wait(0);
        }
        while (ready.IsEmpty && !_woken && milliseconds != 0 && Stopwatch.GetElapsedTime(start) < spin);

        if (ready.IsEmpty && !_woken && milliseconds != 0)
            ready = selector.Wait(milliseconds);

        _woken = false;
        Interlocked.MemoryBarrier(); // what the caller looks at now, it must not have looked at before
        return ready;
    }

    public bool Wake()
    {
        // The look that takes the bell's ring out comes back empty, as if nothing had happened: hence the flag, set before.
        _woken = true;
        return selector.Wake();
    }

    public void Dispose() => selector.Dispose();
}
