using EchoModels.Posix;

namespace EchoModels.Threading;

/// <summary>The way out for the threads of a crew: those that are dismissed together leave in single file.</summary>
/// <remarks>
/// The end of a thread costs more than its wake-up: its stacks are unmapped, and each time the other processors are interrupted,
/// to forget the addresses (TLB shootdown). A thousand ends at once would keep the processors from the model that comes next for
/// some 30 ms. So those who are done stand in line, and each is called when the one before it is gone: the latest comer first, as
/// the runtime keeps a list that it searches from that end. For Linux only.
/// </remarks>
internal sealed class ThreadReaper
{
    private static int _called;
    private readonly List<Place> _line = [];

    /// <summary>Waits until all that have been called, of whichever crew, are gone.</summary>
    public static void WaitUntilEmpty()
    {
        while (Volatile.Read(ref _called) > 0)
            Thread.Sleep(1);
    }

    /// <summary>The calling thread's last act: it tells that it is done, and sleeps until it is called.</summary>
    public void Queue(CountdownEvent done)
    {
        Place place = new();
        lock (_line)
            _line.Add(place);

        place.Stand(done);
    }

    /// <summary>Calls those in line, and returns at once. Everybody who will come is there.</summary>
    public void Open()
    {
        if (_line.Count == 0)
            return;

        Interlocked.Add(ref _called, _line.Count);
        try
        {
            NativeThread.Start(CallAll, ThreadGroup.StackSize);
        }
        catch (IOException)
        {
            CallAll(); // no thread to be had for it
        }
    }

    private bool CallAll()
    {
        for (int i = _line.Count - 1; i >= 0; i--)
        {
            _line[i].Call();
            NativeThread.Join(_line[i].Thread);
            Interlocked.Decrement(ref _called);
        }

        return false;
    }

    /// <summary>A thread's place in the line.</summary>
    private sealed class Place
    {
        private readonly object _gate = new();
        private bool _isCalled;

        public nint Thread { get; } = NativeThread.Current;

        public void Stand(CountdownEvent done)
        {
            lock (_gate)
            {
                done.Signal();
                while (!_isCalled)
                    Monitor.Wait(_gate);
            }
        }

        public void Call()
        {
            lock (_gate)
            {
                _isCalled = true;
                Monitor.Pulse(_gate);
            }
        }
    }
}
