using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Tests.Simulation;

/// <summary>A listening socket and its backlog.</summary>
internal sealed class SimulatedListener(SimulatedNetwork network, int backlog) : SimulatedFile
{
    private readonly Queue<SimulatedConnection> _backlog = [];
    private readonly Queue<Action> _waitForRoom = [];
    private long _backsOffUntil = long.MinValue;

    public int BacklogLength => _backlog.Count;

    /// <summary>How long ago the last back-off had to be over, in microseconds; negative before that.</summary>
    public long SinceBackoff => _backsOffUntil == long.MinValue ? long.MaxValue : network.Time.Now - _backsOffUntil;

    public override Interest Poll() => _backlog.Count > 0 ? Interest.Read : Interest.None;

    /// <summary>A client connects.</summary>
    /// <param name="connection">What it gets if there is room in the backlog.</param>
    /// <param name="tryAgain">What it does otherwise, some time after there is room: its SYN is dropped until then.</param>
    public bool TryConnect(SimulatedConnection connection, Action tryAgain)
    {
        if (_backlog.Count >= Math.Min(backlog, network.Backlog))
        {
            _waitForRoom.Enqueue(tryAgain);
            return false;
        }

        _backlog.Enqueue(connection);
        Raise(Interest.Read);
        return true;
    }

    /// <summary>Takes one connection out of the backlog. See accept(2).</summary>
    /// <param name="hasDescriptor">Whether a number is free for it, which the kernel asks before it looks at the backlog.</param>
    /// <param name="error">Why there is none.</param>
    public SimulatedConnection? Accept(bool hasDescriptor, out SocketError error)
    {
        error = SocketError.Success;
        if (network.Faults.Occurs(SimulatedFault.Interrupted))
            error = SocketError.Interrupted;
        else if (!hasDescriptor)
            error = RefuseDescriptor(SimulatedFault.NoDescriptor);
        else if (_backlog.Count == 0)
            error = SocketError.WouldBlock;

        if (error != SocketError.Success)
            return null;

        SimulatedConnection connection = _backlog.Dequeue();
        while (_waitForRoom.TryDequeue(out Action? tryAgain))
            network.AfterDelay(tryAgain);

        if (!connection.IsReset)
            return connection;

        network.Faults.Count(SimulatedFault.ResetInBacklog);
        if (network.Chance.OneIn(2))
            return connection; // as on Linux: its first receive tells of the reset

        network.Faults.Count(SimulatedFault.AcceptAborted);
        error = network.Chance.Pick(SocketError.ConnectionAborted, SocketError.ConnectionReset, SocketError.NotConnected);
        return null;
    }

    /// <summary>No descriptor is free: for a while, the listener must be left alone.</summary>
    public SocketError RefuseDescriptor(SimulatedFault fault)
    {
        network.Faults.Count(fault);
        _backsOffUntil = network.Time.Now + (Listener.BackoffMilliseconds * 1_000L);
        return SocketError.TooManyOpenSockets;
    }

    /// <exception cref="SimulationException">The listener is asked although it was to be left alone.</exception>
    public void DemandNoBackoff()
    {
        if (SinceBackoff < 0)
            throw new SimulationException($"accept, {-SinceBackoff} us before the back-off is over");
    }
}
