namespace EchoModels.Kernel;

/// <summary>Counts every call by kind. Each thread adds to cells of its own, without a lock; a reading adds them up.</summary>
/// <remarks>
/// A cell has one writer, so a plain addition is enough, and threads that count at the same time share no cache line. A thread that
/// ends folds its cells into the total. A reading that is taken while a thread counts may miss what is under way.
/// </remarks>
public sealed class CallCounters : ICallObserver
{
    [ThreadStatic]
    private static Cells? _ofThread;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Cells> _living = [];
    private readonly CallCell[] _ended = new CallCell[CallTotals.Kinds];

    public void Began(in Call call)
    {
        if (IsAsynchronous(call.Kind))
            OfThread[call.Kind].Calls++;
    }

    public void Ended(in Call call, long result, int errno)
    {
        ref CallCell cell = ref OfThread[call.CountedAs];
        if (!IsAsynchronous(call.Kind))
            cell.Calls++;

        if (result > 0)
        {
            cell.Productive++;
            cell.Sum += result;
        }
        else if (errno == CallTotals.WouldBlock)
        {
            cell.WouldBlock++;
        }
    }

    public void ThreadEnded()
    {
        lock (_gate)
        {
            if (!_living.Remove(Environment.CurrentManagedThreadId, out Cells? cells))
                return;

            Add(cells.Values, _ended);
            if (_ofThread == cells)
                _ofThread = null;
        }
    }

    /// <summary>What has been counted until now.</summary>
    public CallTotals Read()
    {
        CallCell[] sum = new CallCell[CallTotals.Kinds];
        lock (_gate)
        {
            Add(_ended, sum);
            foreach (Cells cells in _living.Values)
                Add(cells.Values, sum);
        }

        return new CallTotals(sum);
    }

    /// <summary>Whether a call begins at one moment and ends at a later one, with other calls of the thread in between.</summary>
    private static bool IsAsynchronous(SystemCall kind) => kind is >= SystemCall.UringAccept and <= SystemCall.SendAsync;

    private static void Add(CallCell[] cells, CallCell[] sum)
    {
        for (int i = 0; i < sum.Length; i++)
            sum[i] = sum[i].Plus(in cells[i]);
    }

    private Cells OfThread
    {
        get
        {
            Cells? cells = _ofThread;
            return cells is not null && cells.Owner == this ? cells : FindOrAdd();
        }
    }

    private Cells FindOrAdd()
    {
        int thread = Environment.CurrentManagedThreadId;
        lock (_gate)
        {
            // The id of a thread that has ended without saying so is given again, and its cells with it: one writer at a time.
            if (!_living.TryGetValue(thread, out Cells? cells))
                _living.Add(thread, cells = new Cells(this));

            return _ofThread = cells;
        }
    }

    /// <summary>The cells of one thread.</summary>
    private sealed class Cells(CallCounters owner)
    {
        public readonly CallCell[] Values = new CallCell[CallTotals.Kinds];

        public CallCounters Owner => owner;

        public ref CallCell this[SystemCall kind] => ref Values[(int)kind];
    }
}

/// <summary>What is counted of one kind of call.</summary>
internal struct CallCell
{
    /// <summary>Calls made; of those that complete later, calls begun.</summary>
    public long Calls;

    /// <summary>Those that were answered "not now" (EAGAIN).</summary>
    public long WouldBlock;

    /// <summary>Those with a result above 0.</summary>
    public long Productive;

    /// <summary>The sum of those results: bytes, or ready sockets.</summary>
    public long Sum;

    public readonly CallCell Plus(in CallCell other) => new()
    {
        Calls = Volatile.Read(in other.Calls) + Calls,
        WouldBlock = Volatile.Read(in other.WouldBlock) + WouldBlock,
        Productive = Volatile.Read(in other.Productive) + Productive,
        Sum = Volatile.Read(in other.Sum) + Sum,
    };

    public readonly CallCell Minus(in CallCell other) => new()
    {
        Calls = Calls - other.Calls,
        WouldBlock = WouldBlock - other.WouldBlock,
        Productive = Productive - other.Productive,
        Sum = Sum - other.Sum,
    };
}
