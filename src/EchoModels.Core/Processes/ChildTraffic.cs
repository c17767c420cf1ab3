using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Processes;

/// <summary>What child processes have received and sent. They do not report it, but the kernel has counted it.</summary>
/// <remarks>The kernel has not counted in how many pieces: the children's messages and calls are not known.</remarks>
public sealed class ChildTraffic
{
    private readonly Lock _gate = new();
    private readonly HashSet<ChildConnection> _open = [];
    private readonly SocketSet _sockets;
    private ByteCount _closed;

    internal ChildTraffic(SocketSet sockets) => _sockets = sockets;

    /// <summary>What all children have received and sent until now, those that have ended included.</summary>
    public ByteCount Total
    {
        get
        {
            ByteCount total = default;
            lock (_gate)
            {
                foreach (ChildConnection child in Update())
                    total += child.ByChild;

                return total + _closed;
            }
        }
    }

    private LinuxKernel Kernel => _sockets.Kernel.Linux!;

    /// <summary>Brings the counts of every connection that a child serves up to date.</summary>
    /// <returns>Those connections.</returns>
    public IReadOnlyList<ChildConnection> Update()
    {
        lock (_gate)
        {
            foreach (ChildConnection child in _open)
                child.Update(TcpInfo.SoFar(Kernel, child));

            return [.. _open];
        }
    }

    /// <summary>Finds connections that child processes serve, from any thread; none of them is closed meanwhile.</summary>
    internal List<ChildConnection> Where(Func<ChildConnection, bool> condition)
    {
        lock (_gate)
            return [.. _open.Where(condition)];
    }

    /// <summary>What the server itself has received and sent until now; the connection is not in use.</summary>
    /// <remarks>Of what has come in, the server knows better than the kernel: some of it may be for the child to receive.</remarks>
    internal ByteCount Before(Connection connection) => new(connection.BytesIn, TcpInfo.Sent(Kernel, connection.Socket));

    /// <summary>A child serves the connection from now on.</summary>
    internal void Open(ChildConnection child)
    {
        lock (_gate)
            _open.Add(child);
    }

    /// <summary>The child has ended.</summary>
    internal void Close(ChildConnection child)
    {
        lock (_gate)
        {
            child.Update(TcpInfo.AtTheEnd(Kernel, child));
            _closed += child.ByChild;
            _open.Remove(child);
        }
    }
}
