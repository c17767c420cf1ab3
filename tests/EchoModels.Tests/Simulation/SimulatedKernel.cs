using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;
using static EchoModels.Tests.Simulation.SimulationException;

namespace EchoModels.Tests.Simulation;

/// <summary>A kernel in memory: each call moves the clock of its network, lets happen what is due by then, and then does its work.</summary>
/// <remarks>
/// It belongs to one thread. It is strict where a real kernel is not: a call on a number that is not open, a call that would sleep, a
/// receive while bytes are unsent, the close of a connection that has not ended or is still watched, and an accept that does not back off
/// throw a <see cref="SimulationException"/>. What no simulated model uses is left out: connect, shutdown, urgent data, wakers.
/// </remarks>
internal sealed class SimulatedKernel : IKernel
{
    /// <summary>A call takes up to so many microseconds.</summary>
    private const int LongestCall = 20;

    /// <summary>Once in so many calls the thread is preempted.</summary>
    private const int PreemptedOneIn = 8;

    /// <summary>It goes on when the next event has happened, or after up to so many microseconds.</summary>
    private const int LongestPreemption = 20_000;

    private readonly SimulatedNetwork _network;
    private readonly SimulatedFiles _files;

    public SimulatedKernel(SimulatedNetwork network, ICallObserver observer)
    {
        (_network, Observer) = (network, observer);
        _files = new SimulatedFiles(network.Faults);
        network.Time.Reading += Pass;
    }

    /// <summary>Raised when a call begins, after the time that it takes.</summary>
    public event Action? Called;

    public ICallObserver Observer { get; }

    public TimeProvider Clock => _network.Time;

    public LinuxKernel? Linux => null;

    public SocketObjects? Objects => null;

    /// <summary>The listening sockets that are open.</summary>
    public IEnumerable<SimulatedListener> Listeners => _files.Open<SimulatedListener>();

    /// <summary>The connections that have been accepted and not closed.</summary>
    public IEnumerable<SimulatedConnection> Connections => _files.Open<SimulatedConnection>();

    /// <summary>How many connections have been accepted.</summary>
    public int Accepted { get; private set; }

    /// <summary>How many selectors are open.</summary>
    public int OpenSelectors { get; private set; }

    /// <summary>Rises whenever a call has moved something: a model that never sleeps is in a deadlock when it does not.</summary>
    public long Progress { get; private set; }

    public int Listen(IPEndPoint endPoint, int backlog, out IPEndPoint bound)
    {
        bound = endPoint;
        return _files.Add(new SimulatedListener(_network, backlog));
    }

    public int Connect(IPEndPoint server, out SocketError error) => throw NotSimulated();

    public int Accept(SocketHandle listener, bool blocking, out SocketError error)
    {
        Call call = new(SystemCall.Accept, listener);
        SimulatedListener file = Begin<SimulatedListener>(in call);
        file.DemandNoBackoff();
        if (file.Accept(_files.LowestFree < _network.Descriptors, out error) is not { } accepted)
            return Failed(in call, file, error);

        accepted.IsBlocking = blocking;
        Accepted++;
        return End(in call, _files.Add(accepted));
    }

    public int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error)
    {
        Call call = new(SystemCall.Receive, socket, buffer.Length);
        SimulatedConnection file = Begin<SimulatedConnection>(in call);
        if (file.Held != 0)
            throw new SimulationException($"{file} receives while {file.Held} bytes are unsent");

        int count = file.Receive(buffer, out error);
        if (file.Held > Connection.BufferSize)
            throw new SimulationException($"{file} has {file.Held} unsent bytes");

        return count < 0 ? Failed(in call, file, error) : End(in call, count);
    }

    public int Send(SocketHandle socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        Call call = new(SystemCall.Send, socket, bytes.Length);
        SimulatedConnection file = Begin<SimulatedConnection>(in call);
        int count = file.Send(bytes, out error);
        return count < 0 ? Failed(in call, file, error) : End(in call, count);
    }

    public void SetBlocking(SocketHandle socket, bool blocking)
    {
        Call call = new(SystemCall.FileControl, socket);
        Begin<SimulatedFile>(in call).IsBlocking = blocking;
        End(in call, 0);
    }

    public void Shutdown(SocketHandle socket, SocketShutdown how) => throw NotSimulated();

    public void Close(SocketHandle socket)
    {
        Call call = new(SystemCall.Close, socket);
        SimulatedFile file = Begin<SimulatedFile>(in call);
        Demand(file.Watcher is null, $"{file} is closed while it is watched");
        (file as SimulatedConnection)?.End();
        _files.Remove(file);
        Progress++;
        End(in call, 0);
    }

    public int Available(SocketHandle socket) => throw NotSimulated();

    public int Unacknowledged(SocketHandle socket) => throw NotSimulated();

    public bool HasPeerLeft(SocketHandle socket) => throw NotSimulated();

    public int BacklogLength(SocketHandle listener)
    {
        Call call = new(SystemCall.GetSocketOption, listener);
        return End(in call, Begin<SimulatedListener>(in call).BacklogLength);
    }

    public SocketError PendingError(SocketHandle socket) => throw NotSimulated();

    public IPEndPoint? PeerOf(SocketHandle socket)
    {
        Call call = new(SystemCall.GetPeerName, socket);
        SimulatedConnection file = Begin<SimulatedConnection>(in call);
        End(in call, file.IsReset ? -1 : 0, file.IsReset ? Errno.ENOTCONN : 0);
        return file.IsReset ? null : new IPEndPoint(IPAddress.Loopback, 10_000 + file.Client);
    }

    public bool HasDescriptors(int latest, SocketHandle open)
    {
        Call call = new(SystemCall.FileControl, open);
        SimulatedListener file = Begin<SimulatedListener>(in call);
        End(in call, 0);
        if (_network.Headroom is not { } headroom || _files.LowestFree < _network.Descriptors - headroom)
            return true;

        file.RefuseDescriptor(SimulatedFault.NoHeadroom);
        return false;
    }

    public int OpenDatagramToItself() => throw NotSimulated();

    public ISelector OpenSelector(SelectorRow row)
    {
        SimulatedSelector selector = row.IsEdgeTriggered ? new EdgeSelector(this, _network) : new LevelSelector(this, _network);
        _files.Add(selector.File);
        OpenSelectors++;
        return selector;
    }

    public void Dispose()
    {
    }

    /// <summary>A selector changes what it watches a socket for.</summary>
    internal SimulatedFile Control(SocketHandle socket)
    {
        Call call = new(SystemCall.EpollControl, socket);
        SimulatedFile file = Begin<SimulatedFile>(in call);
        End(in call, 0);
        return file;
    }

    internal Call BeginWait(SimulatedSelector selector, int milliseconds)
    {
        Call call = new(SystemCall.EpollWait, new SocketHandle(selector.File.Number), milliseconds);
        Begin<SimulatedFile>(in call);
        return call;
    }

    internal void EndWait(in Call call, int ready)
    {
        _files.BeginBatch();
        End(in call, ready);
    }

    internal void CloseSelector(SimulatedSelector selector)
    {
        OpenSelectors--;
        _files.EndBatches();
        Close(new SocketHandle(selector.File.Number));
    }

    /// <summary>Time passes, and the network goes on.</summary>
    private void Pass()
    {
        SimulatedTime time = _network.Time;
        if (_network.Chance.OneIn(PreemptedOneIn))
            time.AdvanceToNext(time.Now + _network.Chance.Between(0, LongestPreemption));
        else
            time.AdvanceTo(time.Now + _network.Chance.Between(0, LongestCall));

        Called?.Invoke();
    }

    private T Begin<T>(in Call call) where T : SimulatedFile
    {
        Observer.Began(in call);
        Pass();
        return _files.Find<T>(in call);
    }

    private int End(in Call call, int result, int errno = 0)
    {
        bool moves = call.Kind is SystemCall.Accept or SystemCall.Receive or SystemCall.Send;
        Progress += moves && result > 0 ? 1 : 0;
        Observer.Ended(in call, result, errno);
        return result;
    }

    private int Failed(in Call call, SimulatedFile file, SocketError error)
    {
        if (error == SocketError.WouldBlock && file.IsBlocking)
            throw new SimulationException($"{call.Kind} on {file} would sleep");

        return End(in call, -1, ErrnoOf(error));
    }

    private static int ErrnoOf(SocketError error) => error switch
    {
        SocketError.WouldBlock => Errno.EAGAIN,
        SocketError.Interrupted => Errno.EINTR,
        SocketError.TooManyOpenSockets => Errno.EMFILE,
        SocketError.ConnectionAborted => Errno.ECONNABORTED,
        SocketError.NotConnected => Errno.ENOTCONN,
        SocketError.Shutdown => Errno.EPIPE,
        _ => Errno.ECONNRESET,
    };

    private static NotSupportedException NotSimulated() => new("no model that runs on the simulated kernel makes this call");
}
