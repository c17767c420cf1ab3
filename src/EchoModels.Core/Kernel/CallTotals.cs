namespace EchoModels.Kernel;

/// <summary>What is told of the counted calls.</summary>
public enum Counter
{
    /// <summary>Calls of accept.</summary>
    Accept,

    /// <summary>Calls of recv.</summary>
    Receive,

    /// <summary>Calls of send.</summary>
    Send,

    /// <summary>Calls of epoll_wait, poll, select, sigtimedwait or kevent, those with a time limit of 0 included.</summary>
    Wait,

    /// <summary>Calls of epoll_ctl; poll and select hand their list over at each wait.</summary>
    Control,

    /// <summary>Calls that end the wait of another thread: a datagram to its waker, or a signal.</summary>
    Wake,

    /// <summary>Calls of io_uring_enter, which submits requests and waits for completions.</summary>
    Enter,

    /// <summary>Calls of accept, recv and send that were answered "not now" (EAGAIN).</summary>
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

/// <summary>The counted calls at one moment, or between two moments.</summary>
public sealed class CallTotals
{
    internal const int WouldBlock = 11; // EAGAIN

    internal static readonly int Kinds = Enum.GetValues<SystemCall>().Length;

    private static readonly SystemCall[] Waits =
        [SystemCall.EpollWait, SystemCall.Poll, SystemCall.Select, SystemCall.SocketSelect, SystemCall.SignalTimedWait, SystemCall.KernelEvent];

    private readonly CallCell[] _cells;

    internal CallTotals(CallCell[] cells) => _cells = cells;

    /// <summary>No call at all.</summary>
    public static CallTotals None { get; } = new(new CallCell[Kinds]);

    /// <summary>How many were counted; where the runtime makes some of the kind itself, that is not all: see <see cref="Known"/>.</summary>
    public long this[Counter counter] => counter switch
    {
        Counter.Accept => Calls(SystemCall.Accept),
        Counter.Receive => Calls(SystemCall.Receive),
        Counter.Send => Calls(SystemCall.Send),
        Counter.Wait => Waits.Sum(Calls),
        Counter.Control => Calls(SystemCall.EpollControl),
        Counter.Wake => Calls(SystemCall.Wake),
        Counter.Enter => Calls(SystemCall.UringEnter),
        Counter.WouldBlock => NotNow(SystemCall.Accept) + NotNow(SystemCall.Receive) + NotNow(SystemCall.Send),
        Counter.Message => this[SystemCall.Receive].Productive + this[SystemCall.UringReceive].Productive,
        Counter.ByteIn => Sum(SystemCall.Receive) + Sum(SystemCall.UringReceive),
        Counter.ByteOut => Sum(SystemCall.Send) + Sum(SystemCall.UringSend) + Sum(SystemCall.SendAsync),
        Counter.Signal => this[SystemCall.SignalTimedWait].Productive,
        Counter.Await => Calls(SystemCall.AcceptAsync) + Calls(SystemCall.ReceiveAsync) + Calls(SystemCall.SendAsync),
        _ => throw new ArgumentOutOfRangeException(nameof(counter), counter, null),
    };

    /// <summary>How many there were; null if the runtime has made some of the kind itself, as it does for what is awaited.</summary>
    public long? Known(Counter counter) => counter switch
    {
        Counter.Accept or Counter.Wait or Counter.Control or Counter.WouldBlock when this[Counter.Await] > 0 => null,
        Counter.Send when Calls(SystemCall.SendAsync) > 0 => null,
        _ => this[counter],
    };

    /// <summary>Calls of one kind; of those that complete later, calls begun.</summary>
    public long Calls(SystemCall kind) => this[kind].Calls;

    /// <summary>Calls of one kind that were answered "not now" (EAGAIN).</summary>
    public long NotNow(SystemCall kind) => this[kind].WouldBlock;

    /// <summary>The sum of the results above 0 of one kind: bytes, or ready sockets.</summary>
    public long Sum(SystemCall kind) => this[kind].Sum;

    /// <summary>What was counted since an earlier reading.</summary>
    public CallTotals Since(CallTotals earlier)
    {
        CallCell[] difference = new CallCell[Kinds];
        for (int i = 0; i < difference.Length; i++)
            difference[i] = _cells[i].Minus(in earlier._cells[i]);

        return new CallTotals(difference);
    }

    private ref readonly CallCell this[SystemCall kind] => ref _cells[(int)kind];
}
