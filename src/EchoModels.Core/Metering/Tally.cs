namespace EchoModels.Metering;

/// <summary>What is counted.</summary>
public enum Counted
{
    /// <summary>Calls of accept.</summary>
    Accept,

    /// <summary>Calls of recv.</summary>
    Receive,

    /// <summary>Calls of send.</summary>
    Send,

    /// <summary>Calls of epoll_wait, poll, select or sigtimedwait.</summary>
    Wait,

    /// <summary>Calls that tell a selector what to watch; each is an epoll_ctl, or bookkeeping for poll and select.</summary>
    Control,

    /// <summary>Calls that wake a selector.</summary>
    Wake,

    /// <summary>Calls that submit to and wait for io_uring.</summary>
    Enter,

    /// <summary>Calls of accept, recv and send that were answered "not now" (EAGAIN): waste.</summary>
    WouldBlock,

    /// <summary>Receives that brought bytes: what a class calls messages.</summary>
    Message,

    /// <summary>Bytes received.</summary>
    ByteIn,

    /// <summary>Bytes that the kernel took for sending.</summary>
    ByteOut,

    /// <summary>Signals collected: more than messages if one receive took several arrivals, fewer if the queue overflowed.</summary>
    Signal,
}

/// <summary>Counters that any thread may add to and any thread may read.</summary>
/// <remarks>
/// Each processor adds to cache lines of its own, so that threads which count at the same time do not slow each other down. A
/// reading adds them up; one that is taken while somebody counts may miss what is under way.
/// </remarks>
public sealed class Tally
{
    /// <summary>Numbers between two processors' counters: two cache lines, as the hardware fetches them in pairs.</summary>
    private const int Stride = 16;

    private readonly long[] _cells = new long[Stride * (Environment.ProcessorCount + 1)];

    public long this[Counted what]
    {
        get
        {
            long sum = 0;
            for (int cell = Stride + (int)what; cell < _cells.Length; cell += Stride)
                sum += Volatile.Read(ref _cells[cell]);

            return sum;
        }
    }

    public void Add(Counted what, long count = 1)
    {
        // The first stride is left unused: it shares its line with the array's own header.
        int processor = Thread.GetCurrentProcessorId() % Environment.ProcessorCount;
        Interlocked.Add(ref _cells[(Stride * (processor + 1)) + (int)what], count);
    }
}
