using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Tests.Support;

/// <summary>What a call may do that a careless server does not expect.</summary>
public enum Fault
{
    None,

    /// <summary>A receive returns one byte, however many there are.</summary>
    ShortRead,

    /// <summary>A send takes one byte, however many there is room for.</summary>
    ShortWrite,

    /// <summary>EAGAIN, although the call could have done something.</summary>
    WouldBlock,

    /// <summary>EINTR.</summary>
    Interrupted,

    /// <summary>ECONNRESET.</summary>
    Reset,
}

/// <summary>Injects faults between a model and its kernel; each count that it returns is a true one.</summary>
/// <remarks>It suits level-triggered models: one that waits for an edge may wait for ever after a false EAGAIN.</remarks>
internal abstract class FaultInjector
{
    private const int SO_RCVLOWAT = 18;

    private volatile bool _blocking;
    private volatile bool _signalsTheRest;
    private int _injected;

    /// <summary>Whether the bytes that a short read leaves raise an edge of their own, as if they had only just arrived.</summary>
    public bool SignalsTheRest { set => _signalsTheRest = value; }

    /// <summary>How many calls got a fault.</summary>
    public int Injected => Volatile.Read(ref _injected);

    /// <summary>Puts it between a model and this kernel.</summary>
    public IKernel Wrap(IKernel kernel) => new Double(this, kernel);

    /// <summary>Which fault this call is to get.</summary>
    /// <param name="call">Which call.</param>
    /// <param name="canAct">Whether it would do anything but return EAGAIN; evaluated only if it matters.</param>
    protected abstract Fault Choose(Call call, Func<bool> canAct);

    /// <summary>Whether a call can have a fault: a short read is for receives, a short write for sends, an error for each.</summary>
    protected static bool Suits(Fault fault, Call call) => fault switch
    {
        Fault.None => false,
        Fault.ShortRead => call == Call.Receive,
        Fault.ShortWrite => call == Call.Send,
        _ => true,
    };

    private Fault Choose(Call call, SocketHandle socket)
    {
        Fault fault = Choose(call, () => _blocking || TestKernel.IsReady(socket, toWrite: call == Call.Send));
        if (!Suits(fault, call))
            return Fault.None;

        Interlocked.Increment(ref _injected);
        return fault;
    }

    private static bool Fails(Fault fault, out SocketError error)
    {
        error = fault switch
        {
            Fault.WouldBlock => SocketError.WouldBlock,
            Fault.Interrupted => SocketError.Interrupted,
            Fault.Reset => SocketError.ConnectionReset,
            _ => SocketError.Success,
        };

        return error != SocketError.Success;
    }

    internal enum Call
    {
        Accept,
        Receive,
        Send,
    }

    private sealed class Double(FaultInjector faults, IKernel inner) : DelegatingKernel(inner)
    {
        public override int Accept(SocketHandle listener, bool blocking, out SocketError error) =>
            Fails(faults.Choose(Call.Accept, listener), out error) ? -1 : base.Accept(listener, blocking, out error);

        public override int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error)
        {
            Fault fault = faults.Choose(Call.Receive, socket);
            if (Fails(fault, out error))
                return -1;

            int count = base.Receive(socket, fault == Fault.ShortRead ? buffer[..1] : buffer, out error);
            if (fault == Fault.ShortRead && faults._signalsTheRest)
                Linux!.SetOption(socket, Libc.SOL_SOCKET, SO_RCVLOWAT, BitConverter.GetBytes(1)); // makes Linux raise an edge

            return count;
        }

        public override int Send(SocketHandle socket, ReadOnlySpan<byte> bytes, out SocketError error)
        {
            Fault fault = faults.Choose(Call.Send, socket);
            return Fails(fault, out error) ? -1 : base.Send(socket, fault == Fault.ShortWrite ? bytes[..1] : bytes, out error);
        }

        public override void SetBlocking(SocketHandle socket, bool blocking)
        {
            faults._blocking = blocking;
            base.SetBlocking(socket, blocking);
        }
    }
}

/// <summary>One fault at exactly the k-th call. Calls that would only have returned EAGAIN are not counted.</summary>
internal sealed class FaultAtCall : FaultInjector
{
    private readonly Lock _gate = new();
    private int _calls;
    private int _at;
    private Fault _fault;
    private Call? _faulty;

    /// <summary>How many calls were made since it was armed.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The call that got the fault since it was armed; null if the k-th was never made, or the fault does not suit it.</summary>
    public Call? FaultyCall
    {
        get
        {
            lock (_gate)
                return _faulty;
        }
    }

    public void Arm(int at, Fault fault)
    {
        lock (_gate)
            (_calls, _at, _fault, _faulty) = (0, at, fault, null);
    }

    protected override Fault Choose(Call call, Func<bool> canAct)
    {
        if (!canAct())
            return Fault.None;

        lock (_gate)
        {
            if (++_calls != _at || !Suits(_fault, call))
                return Fault.None;

            _faulty = call;
            return _fault;
        }
    }
}

/// <summary>Faults at random, each of them one that costs no connection.</summary>
/// <remarks>Only if false EAGAINs are allowed is there one among them where the call could have done something.</remarks>
internal sealed class RandomFaults(int seed, int oneIn, bool falseWouldBlock) : FaultInjector
{
    private static readonly Fault[] Harmless = [Fault.ShortRead, Fault.ShortWrite, Fault.WouldBlock, Fault.Interrupted];

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly Fault[] _faults = falseWouldBlock ? Harmless : [.. Harmless.Except([Fault.WouldBlock])];

    protected override Fault Choose(Call call, Func<bool> canAct)
    {
        lock (_gate)
            return _random.Next(oneIn) == 0 ? _faults[_random.Next(_faults.Length)] : Fault.None;
    }
}
