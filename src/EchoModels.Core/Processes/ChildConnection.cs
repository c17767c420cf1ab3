using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.Processes;

/// <summary>A connection that a child process serves, and what the kernel has counted of it.</summary>
/// <param name="connection">The connection; it has left the set.</param>
/// <param name="process">The child's process ID.</param>
/// <param name="before">What the server itself has received and sent before.</param>
public sealed class ChildConnection(Connection connection, int process, ByteCount before)
{
    private readonly ByteCount _before = before;
    private ByteCount _counted = before;

    public Connection Connection => connection;

    /// <summary>The child's process ID.</summary>
    public int Process => process;

    /// <summary>How the child ended: its exit code, or 128 and the signal, as shells tell it; null before, or if it is not known.</summary>
    public int? ExitCode { get; internal set; }

    /// <summary>Bytes received since the connection was accepted.</summary>
    public long BytesIn => _counted.In;

    /// <summary>Bytes sent since the connection was accepted.</summary>
    public long BytesOut => _counted.Out;

    /// <summary>What the child has received and sent.</summary>
    public ByteCount ByChild => _counted - _before;

    internal SocketHandle Socket => connection.Socket;

    /// <summary>Whether the server has ended the stream to the client (FIN).</summary>
    internal bool HasShutdownSend { get; set; }

    /// <summary>Why the server has ended it; null if it has not.</summary>
    internal CloseReason? AbortReason { get; set; }

    /// <summary>Takes over what the kernel has counted. Its numbers only grow, if it has any.</summary>
    internal void Update(ByteCount? counted)
    {
        if (counted is { } now)
            _counted = new ByteCount(Math.Max(_counted.In, now.In), Math.Max(_counted.Out, now.Out));

        connection.BytesIn = _counted.In;
    }
}
