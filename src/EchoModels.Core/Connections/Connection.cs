using System.Net.Sockets;
using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <summary>One client: receive, send that back, and keep what the kernel does not take.</summary>
/// <remarks>
/// The rule is: read only when nothing is unsent. It gives back-pressure (a client that does not read is not read from), bounded memory
/// (at most one buffer is unsent) and a lossless switch (what is unsent stays with the connection). An idle connection holds no buffer: it
/// receives into its caller's, and keeps a copy only of what a short send has left.
/// </remarks>
public sealed partial class Connection : EventSource
{
    /// <summary>What it waits for now: until all is sent, for room and for nothing else.</summary>
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
}
