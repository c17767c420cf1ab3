using System.Net;
using System.Net.Sockets;
using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <summary>One client: its socket, and the bytes that are still unsent.</summary>
/// <remarks>
/// The rule is: read only when nothing is unsent. It gives back-pressure (a client that does not read is not read from), bounded memory
/// (at most one buffer is unsent) and a lossless switch (what is unsent stays with the connection). An idle connection holds no buffer: it
/// receives into its caller's, and keeps a copy only of what a short send has left.
/// </remarks>
public sealed class Connection : EventSource
{
    /// <summary>The size of the buffer that a model brings, in bytes; also the most that can be unsent.</summary>
    public const int BufferSize = 16 * 1024;

    private readonly SocketSet _sockets;
    private UnsentBytes _unsent;

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

    /// <summary>Bytes received since it was accepted.</summary>
    public long BytesIn { get; internal set; }

    /// <summary>Receives that brought bytes, since it was accepted.</summary>
    public long Messages { get; private set; }

    /// <summary>Why the conversation ended; has no meaning before <see cref="IoStatus.Closed"/>.</summary>
    public CloseReason CloseReason { get; private set; }

    public override Interest Interest => HasUnsent ? Interest.Write : Interest.Read;

    /// <summary>One step of the conversation: send what is unsent; or else receive once, and send that back.</summary>
    /// <param name="buffer">Where to receive; its contents are of no use afterwards.</param>
    public IoStatus Echo(Span<byte> buffer)
    {
        if (HasUnsent)
            return SendUnsent();

        IoStatus status = Receive(buffer, out ReadOnlySpan<byte> reply);
        return reply.IsEmpty ? status : Send(reply);
    }

    /// <summary>Receives what is there, and makes the reply to it.</summary>
    /// <param name="buffer">Where to receive, with room for what the reply adds.</param>
    /// <param name="reply">What to send, in the same buffer; empty if nothing was received.</param>
    public IoStatus Receive(Span<byte> buffer, out ReadOnlySpan<byte> reply)
    {
        reply = default;
        int count = _sockets.Kernel.Receive(Socket, _sockets.Policy.Reply.Headroom(buffer), out SocketError error);
        if (error != SocketError.Success)
            return StatusOf(error);
        if (count == 0)
            return Close(CloseReason.PeerClosed);

        reply = Received(buffer, count);
        return IoStatus.Progress;
    }

    /// <summary>Sends a reply, and keeps a copy of what the kernel does not take now.</summary>
    public IoStatus Send(ReadOnlySpan<byte> reply)
    {
        int count = _sockets.Kernel.Send(Socket, reply, out SocketError error);
        int sent = error == SocketError.Success ? count : 0;
        if (StatusOf(error) == IoStatus.Closed)
            return IoStatus.Closed;
        if (sent < reply.Length)
            KeepUnsent(reply[sent..]);

        return IoStatus.Progress;
    }

    /// <summary>Sends what is unsent, as far as the kernel takes it.</summary>
    public IoStatus SendUnsent()
    {
        int count = _sockets.Kernel.Send(Socket, Unsent.Span, out SocketError error);
        if (error != SocketError.Success)
            return StatusOf(error);

        Consume(count);
        return IoStatus.Progress;
    }

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
