using EchoModels.Posix;

namespace EchoModels.Blocking;

/// <summary>The way out for the threads of a crew: those that are dismissed together leave in single file.</summary>
/// <remarks>
/// The end of a thread costs more than its wake-up: its stacks are unmapped, and each time the other processors are interrupted,
/// to forget the addresses (TLB shootdown). A thousand ends at once would keep the processors from the model that comes next for
/// some 30 ms. So those who are done stand in line, and each is called when the one before it is gone. For Linux only.
/// </remarks>
internal sealed class WayOut
{
    private static int _called;
    private readonly List<Place> _line = [];

    /// <summary>Waits until all that have been called, of whichever crew, are gone.</summary>
    /// <returns>False if there was nobody to wait for.</returns>
    public static bool WaitUntilEmpty()
    {
        if (Volatile.Read(ref _called) == 0)
            return false;

        while (Volatile.Read(ref _called) > 0)
            Thread.Sleep(1);

        return true;
    }

    /// <summary>The calling thread's last act: it tells that it is done, and sleeps until it is called.</summary>
    public void Queue(CountdownEvent done)
    {
        Place place = new(NativeThread.Current);
        lock (_line)
            _line.Add(place);

        lock (place)
        {
            done.Signal();
            while (!place.IsCalled)
                Monitor.Wait(place);
        }
    }

    /// <summary>Calls those in line, and returns at once. Everybody who will come is there.</summary>
    public void Open()
    {
        if (_line.Count == 0)
            return;

        Interlocked.Add(ref _called, _line.Count);
        try
        {
            NativeThread.Start(CallAll, Crew.StackSize);
        }
        catch (IOException)
        {
            CallAll(); // no thread to be had for it
        }
    }

    private bool CallAll()
    {
        foreach (Place place in _line)
        {
            lock (place)
            {
                place.IsCalled = true;
                Monitor.Pulse(place);
            }

            NativeThread.Join(place.Thread);
            Interlocked.Decrement(ref _called);
        }

        return false;
    }

    private sealed class Place(nint thread)
    {
        public nint Thread { get; } = thread;

        public bool IsCalled { get; set; }
    }
}
