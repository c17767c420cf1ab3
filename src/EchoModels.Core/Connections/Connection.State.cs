using System.Net;
using System.Net.Sockets;
using EchoModels.Events;

namespace EchoModels.Connections;

/// <content>What a connection remembers: its peer, its unsent bytes, what has been received, and why it ended.</content>
public sealed partial class Connection
{
    /// <summary>The size of the buffer that a model brings, in bytes; also the most that can be unsent.</summary>
    public const int BufferSize = 16 * 1024;

    private readonly SocketSet _sockets;
    private UnsentBytes _unsent;
    private bool _isWaiting;

    internal Connection(SocketSet sockets, IPEndPoint? peer)
    {
        _sockets = sockets;
        _unsent = new UnsentBytes(sockets.Policy.Greeting);
        Peer = peer;
    }

    /// <summary>The client's address; null if it had gone before it was accepted.</summary>
    public IPEndPoint? Peer { get; }

    /// <summary>Whether there are bytes to send before anything is received: the rest of a short send, or a greeting.</summary>
    public bool HasUnsent => _unsent.Any;

    /// <summary>Those bytes.</summary>
    public ReadOnlyMemory<byte> Unsent => _unsent.Memory;

    /// <summary>Whether it waits until its model has a thread or a process for it.</summary>
    public bool IsWaiting
    {
        get => Volatile.Read(ref _isWaiting);
        internal set => Volatile.Write(ref _isWaiting, value);
    }

    /// <summary>Bytes received since it was accepted.</summary>
    public long BytesIn { get; internal set; }

    /// <summary>Receives that brought bytes, since it was accepted.</summary>
    public long Messages { get; private set; }

    /// <summary>Why the conversation ended; has no meaning before <see cref="IoStatus.Closed"/>.</summary>
    public CloseReason CloseReason { get; private set; }

    /// <summary>Counts what was received into a buffer, and makes the reply around it.</summary>
    internal ReadOnlySpan<byte> Received(Span<byte> buffer, int count)
    {
        BytesIn += count;
        Messages++;
        return _sockets.Policy.Reply.Wrap(buffer, count);
    }

    /// <summary>Keeps a copy of bytes, to be sent after those that are unsent already.</summary>
    internal void KeepUnsent(ReadOnlySpan<byte> bytes) => _unsent.Append(bytes);

    /// <summary>The kernel has taken so many of the <see cref="Unsent"/> bytes.</summary>
    internal void Consume(int count) => _unsent.Consume(count);

    /// <summary>What an error means for the conversation.</summary>
    internal IoStatus StatusOf(SocketError error) => error switch
    {
        SocketError.Success or SocketError.Interrupted => IoStatus.Progress,
        SocketError.WouldBlock => IoStatus.WouldBlock,
        _ => Close(CloseReason.Reset),
    };

    /// <summary>The conversation is over, for this reason.</summary>
    internal IoStatus Close(CloseReason reason)
    {
        CloseReason = reason;
        return IoStatus.Closed;
    }
}
