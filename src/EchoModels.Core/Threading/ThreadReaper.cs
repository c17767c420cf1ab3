using EchoModels.Posix;

namespace EchoModels.Threading;

/// <summary>Ends the threads of a group one after the other.</summary>
/// <remarks>
/// The end of a thread costs more than its wake-up: its stacks are unmapped, and each time the other processors are interrupted to forget
/// the addresses (TLB shootdown). A thousand ends at once would keep the processors from the next model for some 30 ms. So threads that
/// have finished their work wait, and each is released when the one before it has ended: the latest first, as the runtime keeps a list
/// that it searches from that end. For Linux only.
/// </remarks>
internal sealed class ThreadReaper
{
    private static int _ending;
    private readonly List<Slot> _waiting = [];

    /// <summary>Waits until all that have been released, of any group, have ended.</summary>
    public static void WaitUntilEmpty()
    {
        while (Volatile.Read(ref _ending) > 0)
            Thread.Sleep(1);
    }

    /// <summary>The calling thread's last act: it signals that its work is finished, and sleeps until it is released.</summary>
    public void Wait(CountdownEvent finished)
    {
        Slot slot = new();
        lock (_waiting)
            _waiting.Add(slot);

        slot.Wait(finished);
    }

    /// <summary>Begins to release those that wait, and returns at once. No other will come.</summary>
    public void Start()
    {
        if (_waiting.Count == 0)
            return;

        Interlocked.Add(ref _ending, _waiting.Count);
        try
        {
            NativeThread.Start(ReleaseAll, ThreadGroup.StackSize);
        }
        catch (IOException)
        {
            ReleaseAll(); // the system gives no thread for it
        }
    }

    private bool ReleaseAll()
    {
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            _waiting[i].Release();
            NativeThread.Join(_waiting[i].Thread);
            Interlocked.Decrement(ref _ending);
        }

        return false;
    }

    /// <summary>One thread that waits for its release.</summary>
    private sealed class Slot
    {
        private readonly object _gate = new();
        private bool _isReleased;

        public nint Thread { get; } = NativeThread.Current;

        public void Wait(CountdownEvent finished)
        {
            lock (_gate)
            {
                finished.Signal();
                while (!_isReleased)
                    Monitor.Wait(_gate);
            }
        }

        public void Release()
        {
            lock (_gate)
            {
                _isReleased = true;
                Monitor.Pulse(_gate);
            }
        }
    }
}
