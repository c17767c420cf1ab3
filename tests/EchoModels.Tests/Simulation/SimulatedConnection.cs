using System.Net.Sockets;
using EchoModels.Kernel;
using static EchoModels.Tests.Simulation.SimulationException;

namespace EchoModels.Tests.Simulation;

/// <summary>The server's end of a connection, as Linux keeps it.</summary>
internal sealed class SimulatedConnection : SimulatedFile
{
    private readonly SimulatedNetwork _network;
    private SocketError _error;
    private bool _wantsRoom;

    public SimulatedConnection(SimulatedNetwork network, int client)
    {
        _network = network;
        Client = client;
        Input = new SimulatedPipe(network);
        Output = new SimulatedPipe(network);
        Input.Arrival += ReportArrival;
        Output.Departure += ReportRoom;
    }

    /// <summary>Which client it belongs to.</summary>
    public int Client { get; }

    /// <summary>From the client.</summary>
    public SimulatedPipe Input { get; }

    /// <summary>To the client.</summary>
    public SimulatedPipe Output { get; }

    /// <summary>Whether the client has reset it, and the server's kernel knows.</summary>
    public bool IsReset { get; private set; }

    /// <summary>Whether the server has been told that the conversation is over, by an end of stream or an error.</summary>
    public bool IsEndTold { get; private set; }

    /// <summary>Bytes that the server has received, and its kernel has not taken back: they must be in the server's memory.</summary>
    public int Held { get; private set; }

    public override bool HasHungUp => IsReset;

    public override Interest Poll()
    {
        if (IsReset)
            return Everything;

        Interest ready = Input.Arrived > 0 || Input.EndArrived ? Interest.Read : Interest.None;
        if (Input.EndArrived)
            ready |= Interest.EndOrUrgent;
        if (Output.IsWritable)
            return ready | Interest.Write;

        _wantsRoom = true; // as tcp_poll does, so that a wait which begins now is told of room
        return ready;
    }

    /// <summary>See recv(2).</summary>
    public int Receive(Span<byte> buffer, out SocketError error)
    {
        if (_network.Faults.Occurs(SimulatedFault.Interrupted))
            return Fail(SocketError.Interrupted, out error);
        if (Input.Arrived == 0 && TakeError(out error))
            return -1;
        if (Input.Arrived == 0 && !Input.EndArrived && !IsReset)
            return Fail(SocketError.WouldBlock, out error);

        error = SocketError.Success;
        int most = Math.Min(buffer.Length, Input.Arrived);
        bool isShort = most > 1 && _network.Faults.Occurs(SimulatedFault.ShortReceive);
        int count = Input.Read(buffer[..(isShort ? _network.Chance.Between(1, most - 1) : most)]);
        if (isShort)
            ReportArrival();

        Held += count;
        IsEndTold |= count == 0;
        return count;
    }

    /// <summary>See send(2).</summary>
    public int Send(ReadOnlySpan<byte> bytes, out SocketError error)
    {
        if (_network.Faults.Occurs(SimulatedFault.Interrupted))
            return Fail(SocketError.Interrupted, out error);
        if (TakeError(out error))
            return -1;
        if (IsReset)
            return Fail(SocketError.Shutdown, out error); // EPIPE

        bool isFalse = Output.Room > 0 && _network.Faults.Occurs(SimulatedFault.FalseFullQueue);
        bool isShort = bytes.Length > 1 && Output.Room > 1 && _network.Faults.Occurs(SimulatedFault.ShortSend);
        int most = isFalse ? 0 : isShort ? _network.Chance.Between(1, bytes.Length - 1) : bytes.Length;
        int count = Output.Write(bytes[..most]);
        Held -= count;
        if (count < bytes.Length)
            WantRoom(isFalse || isShort);
        if (count > 0)
            return count;

        if (!isFalse)
            _network.Faults.Count(SimulatedFault.FullQueue);

        return Fail(SocketError.WouldBlock, out error);
    }

    /// <summary>The server closes it; bytes that the kernel has taken still go out, and the FIN behind them.</summary>
    /// <exception cref="SimulationException">The conversation is not over.</exception>
    public void End()
    {
        Demand(IsEndTold, $"{this} is closed, but its conversation is not over");
        Demand(Held == 0 || IsReset, $"{this} is closed with {Held} unsent bytes");
        Output.End();
    }

    /// <summary>The client's RST arrives.</summary>
    public void Reset()
    {
        IsReset = true;
        if (Number >= 0)
            _network.Faults.Count(SimulatedFault.Reset);

        _error = SocketError.ConnectionReset;
        Input.Break();
        Output.Break();
        Raise(Everything);
    }

    /// <summary>A reset is told by one call; later ones find the end of the stream, or EPIPE.</summary>
    private bool TakeError(out SocketError error)
    {
        (error, _error) = (_error, SocketError.Success);
        IsEndTold |= error != SocketError.Success;
        return error != SocketError.Success;
    }

    /// <summary>Something has arrived: bytes, or the end, which wakes a waiter whatever that waits for.</summary>
    /// <remarks>
    /// It is also called when a receive was cut short although its buffer had room. TCP does not do that by itself; it is as if the rest had
    /// arrived right after the receive, and so it must be reported again, as the rest would have been: with the end, if that is there.
    /// </remarks>
    private void ReportArrival() => Raise(Input.EndArrived ? Everything : Interest.Read);

    /// <summary>A send has not taken all, so that room is to be reported: see SOCK_NOSPACE in net/core/stream.c.</summary>
    /// <param name="hadRoom">Whether there was room: it is as if the queue had been full for a moment.</param>
    private void WantRoom(bool hadRoom)
    {
        _wantsRoom = true;
        if (hadRoom)
            _network.AfterDelay(ReportRoom);
    }

    private void ReportRoom()
    {
        if (!_wantsRoom || !Output.IsWritable)
            return;

        _wantsRoom = false;
        Raise(Interest.Write);
    }

    private static int Fail(SocketError reason, out SocketError error)
    {
        error = reason;
        return -1;
    }
}
