using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>What a call may do that a careless server does not expect.</summary>
public enum Fault
{
    None,

    /// <summary>A receive brings one byte, whatever there is.</summary>
    ShortRead,

    /// <summary>A send takes one byte, whatever there is room for.</summary>
    ShortWrite,

    /// <summary>EAGAIN, though it could be done.</summary>
    WouldBlock,

    /// <summary>EINTR.</summary>
    Interrupted,

    /// <summary>ECONNRESET.</summary>
    Reset,
}

/// <summary>Injects faults between a model and its sockets; each count that it returns is a true one.</summary>
/// <remarks>It suits level-triggered models: one that waits for an edge may wait for ever after an EAGAIN that was none.</remarks>
/// <param name="io">Those who do what is not struck.</param>
internal abstract class FaultySocketIo(ISocketIo io) : ISocketIo
{
    private volatile bool _blocking;
    private volatile bool _tellsTheRest;

    /// <summary>Whether what a short read left comes with an edge of its own, as if it had only just arrived.</summary>
    public bool TellsTheRest { set => _tellsTheRest = value; }

    public Socket? Accept(Socket listener, bool blocking, out SocketError error)
    {
        if (Strikes(Draw(Call.Accept, listener), out error))
            return null;

        return io.Accept(listener, blocking, out error);
    }

    public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error)
    {
        Fault fault = Draw(Call.Receive, socket.Socket);
        if (Strikes(fault, out error))
            return -1;

        int count = io.Receive(socket, fault == Fault.ShortRead ? buffer[..1] : buffer, out error);
        if (fault == Fault.ShortRead && _tellsTheRest)
            socket.Socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, 1); // Linux tells anew

        return count;
    }

    public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        Fault fault = Draw(Call.Send, socket.Socket);
        return Strikes(fault, out error) ? -1 : io.Send(socket, fault == Fault.ShortWrite ? bytes[..1] : bytes, out error);
    }

    public void SetBlocking(Socket socket, bool blocking)
    {
        _blocking = blocking;
        io.SetBlocking(socket, blocking);
    }

    public int Unacknowledged(Socket socket) => io.Unacknowledged(socket);

    /// <summary>Which fault this call is to have.</summary>
    /// <param name="call">Which call.</param>
    /// <param name="canAct">Whether it would do anything but say EAGAIN; asked only if it matters.</param>
    protected abstract Fault Draw(Call call, Func<bool> canAct);

    private Fault Draw(Call call, Socket socket) =>
        Draw(call, () => _blocking || socket.Poll(0, call == Call.Send ? SelectMode.SelectWrite : SelectMode.SelectRead));

    private static bool Strikes(Fault fault, out SocketError error)
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
}

/// <summary>One fault at exactly the k-th call. Calls that would only have said EAGAIN are not counted.</summary>
internal sealed class FaultAtCall(ISocketIo io) : FaultySocketIo(io)
{
    private readonly Lock _gate = new();
    private int _calls;
    private int _at;
    private Fault _fault;

    /// <summary>How many calls were made since it was armed.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The call that was struck; null if the k-th was never made, or the fault does not suit it.</summary>
    public string? Struck { get; private set; }

    public void Arm(int at, Fault fault)
    {
        lock (_gate)
            (_calls, _at, _fault, Struck) = (0, at, fault, null);
    }

    protected override Fault Draw(Call call, Func<bool> canAct)
    {
        if (!canAct())
            return Fault.None;

        lock (_gate)
        {
            bool suits = _fault switch { Fault.ShortRead => call == Call.Receive, Fault.ShortWrite => call == Call.Send, _ => true };
            if (++_calls != _at || !suits)
                return Fault.None;

            Struck = call.ToString();
            return _fault;
        }
    }
}

/// <summary>Faults at random, each of them one that costs no connection.</summary>
/// <remarks>Only if it may lie is there an EAGAIN among them where something could be done.</remarks>
internal sealed class RandomFaults(ISocketIo io, int seed, int oneIn, bool mayLie) : FaultySocketIo(io)
{
    private static readonly Fault[] Harmless = [Fault.ShortRead, Fault.ShortWrite, Fault.WouldBlock, Fault.Interrupted];

    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly Fault[] _faults = mayLie ? Harmless : [.. Harmless.Except([Fault.WouldBlock])];

    protected override Fault Draw(Call call, Func<bool> canAct)
    {
        lock (_gate)
            return _random.Next(oneIn) == 0 ? _faults[_random.Next(_faults.Length)] : Fault.None;
    }
}
