namespace EchoModels.Kernel;

/// <summary>What is counted.</summary>
public enum Counter
{
    /// <summary>Calls of accept.</summary>
    Accept,

    /// <summary>Calls of recv.</summary>
    Receive,

    /// <summary>Calls of send.</summary>
    Send,

    /// <summary>Calls of epoll_wait, poll, select or sigtimedwait, those that only look included.</summary>
    Wait,

    /// <summary>Calls of epoll_ctl; poll and select are told what to watch at each wait.</summary>
    Control,

    /// <summary>Calls that wake a thread out of such a wait: a datagram to its bell, or a signal.</summary>
    Wake,

    /// <summary>Calls that submit to and wait for io_uring.</summary>
    Enter,

    /// <summary>Calls of accept, recv and send that were answered "not now" (EAGAIN): waste.</summary>
    WouldBlock,

    /// <summary>Receives that brought bytes, or completed requests of io_uring that did: what a class calls messages.</summary>
    Message,

    /// <summary>Bytes received.</summary>
    ByteIn,

    /// <summary>Bytes that the kernel took for sending.</summary>
    ByteOut,

    /// <summary>Signals collected: more than messages if one receive took several arrivals, fewer if the queue overflowed.</summary>
    Signal,

    /// <summary>Calls of AcceptAsync, ReceiveAsync and SendAsync: the runtime carries them out, with system calls of its own.</summary>
    Await,
}

/// <summary>Counters that any thread may add to and any thread may read.</summary>
/// <remarks>
/// Each processor adds to cache lines of its own, so that threads which count at the same time do not slow each other down. A
/// reading adds them up; one that is taken while somebody counts may miss what is under way.
/// </remarks>
public sealed class CallCounters
{
    /// <summary>Numbers between two processors' counters: two cache lines, as the hardware fetches them in pairs.</summary>
    private const int Stride = 16;

    private readonly long[] _cells = new long[Stride * (Environment.ProcessorCount + 1)];
    private int _lost;

    public long this[Counter what]
    {
        get
        {
            long sum = 0;
            for (int cell = Stride + (int)what; cell < _cells.Length; cell += Stride)
                sum += Volatile.Read(ref _cells[cell]);

            return sum;
        }
    }

    /// <summary>How many; null if that is not known.</summary>
    public long? Known(Counter what) => (Volatile.Read(ref _lost) & (1 << (int)what)) == 0 ? this[what] : null;

    /// <summary>From now on somebody else does these, too, where no one can count: how many there are is not known any more.</summary>
    public void MarkUnknown(params ReadOnlySpan<Counter> these)
    {
        foreach (Counter one in these)
            Interlocked.Or(ref _lost, 1 << (int)one);
    }

    public void Add(Counter what, long count = 1)
    {
        // The first stride is left unused: it shares its line with the array's own header.
        int processor = Thread.GetCurrentProcessorId() % Environment.ProcessorCount;
        Interlocked.Add(ref _cells[(Stride * (processor + 1)) + (int)what], count);
    }
}
