using System.Net;
using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Connections;

/// <summary>One client: its socket, and the bytes it is still owed.</summary>
/// <remarks>
/// The rule is: read only when nothing is owed. It gives back-pressure (who does not read is not read from), bounded memory (at
/// most one buffer's worth is owed) and a lossless handover (what is owed travels with the connection). An idle connection holds
/// no buffer: it receives into its caller's, and keeps a copy only of what a short send left over.
/// </remarks>
public sealed class Connection : EventSource
{
    /// <summary>The buffer size a model brings, in bytes; also the most that a connection can owe.</summary>
    public const int BufferSize = 16 * 1024;

    private readonly ISocketIo _io;
    private readonly Reply _reply;
    private readonly Lock _closing = new();
    private byte[] _unsent;
    private int _sent;
    private CloseReason? _abortReason;

    internal Connection(Socket socket, ISocketIo io, EchoPolicy policy) : base(socket)
    {
        _io = io;
        _reply = policy.Reply;
        _unsent = policy.Greeting;
        Peer = socket.RemoteEndPoint;
    }

    /// <summary>The client's address; null if it had gone before it was accepted.</summary>
    public EndPoint? Peer { get; }

    /// <summary>Whether there are bytes to send before anything is received: the rest of a short send, or a greeting.</summary>
    public bool HasUnsent => _sent < _unsent.Length;

    /// <summary>How many bytes those are.</summary>
    public int UnsentBytes => _unsent.Length - _sent;

    /// <summary>Bytes received since it was accepted.</summary>
    public long BytesIn { get; private set; }

    /// <summary>Bytes sent since it was accepted; kept for a child's connection only, where the kernel counts.</summary>
    public long BytesOut { get; private set; }

    /// <summary>Receives that brought bytes, since it was accepted; a child's are not known.</summary>
    public long Messages { get; private set; }

    /// <summary>The process that serves it instead of a model of ours; 0 if there is none.</summary>
    public int Child { get; internal set; }

    /// <summary>How that process ended: its exit code, or 128 and the signal, as shells tell it; null before, or if nobody knows.</summary>
    public int? ChildExit { get; internal set; }

    public override Interest Interest => HasUnsent ? Interest.Write : Interest.Read;

    /// <summary>Why the conversation ended; means nothing before <see cref="IoStatus.Closed"/>.</summary>
    public CloseReason ClosedBecause { get; internal set; }

    /// <summary>One turn of the conversation: send what is owed; or else receive once, and send that back.</summary>
    /// <param name="buffer">Where to receive; its contents are of no use afterwards.</param>
    /// <returns>On a blocking socket the turn sleeps as long as it takes.</returns>
    public IoStatus Echo(Span<byte> buffer)
    {
        WasShortRead = false;
        if (HasUnsent)
            return SendUnsent();

        Span<byte> room = _reply.Room(buffer);
        int count = _io.Receive(Opened, room, out SocketError error);
        if (error != SocketError.Success)
            return StatusOf(error);

        WasShortRead = count < room.Length;
        if (count == 0)
            return End(CloseReason.PeerClosed);

        return Send(ReplyTo(buffer, count));
    }

    /// <summary>Whether the last turn took all the bytes there were: it left room in the buffer. Urgent data also cuts a receive short.</summary>
    internal bool WasShortRead { get; private set; }

    /// <summary>The part of a buffer to receive into: for models in which somebody else receives.</summary>
    internal Span<byte> Room(Span<byte> buffer) => _reply.Room(buffer);

    /// <summary>How many bytes of a buffer are not <see cref="Room"/>.</summary>
    internal int HeadroomBytes => _reply.AddedBytes;

    /// <summary>Notes what was received into the <see cref="Room"/> of a buffer, and makes the reply around it.</summary>
    internal ReadOnlySpan<byte> ReplyTo(Span<byte> buffer, int count)
    {
        BytesIn += count;
        Messages++;
        return _reply.Around(buffer, count);
    }

    /// <summary>The bytes to be sent before anything else is received.</summary>
    internal ReadOnlyMemory<byte> Unsent => _unsent.AsMemory(_sent);

    /// <summary>Keeps a copy of what could not be sent yet.</summary>
    internal void KeepUnsent(ReadOnlySpan<byte> bytes) => (_unsent, _sent) = (bytes.ToArray(), 0);

    /// <summary>Keeps a copy of bytes that are to follow those owed already.</summary>
    internal void AppendUnsent(ReadOnlySpan<byte> bytes) => (_unsent, _sent) = ([.. _unsent.AsSpan(_sent), .. bytes], 0);

    /// <summary>Notes that the kernel has taken so many of the <see cref="Unsent"/> bytes.</summary>
    internal void Consume(int count)
    {
        _sent += count;
        if (!HasUnsent)
            KeepUnsent([]);
    }

    /// <summary>Takes over what the kernel has counted. Its numbers only grow, if it has any.</summary>
    internal void Note(ByteCount? counted)
    {
        BytesIn = Math.Max(BytesIn, counted?.In ?? 0);
        BytesOut = Math.Max(BytesOut, counted?.Out ?? 0);
    }

    /// <summary>Whether the peer has been told that nothing more will come.</summary>
    internal bool HasShutdownSend { get; private set; }

    /// <summary>Tells the peer that nothing more will come (FIN); what was sent before still arrives.</summary>
    internal void ShutdownSend() => Shutdown(SocketShutdown.Send);

    /// <summary>Whoever reads finds the end of the stream behind what has arrived; the peer is told nothing.</summary>
    internal void ShutdownReceive() => Shutdown(SocketShutdown.Receive);

    private IoStatus Send(ReadOnlySpan<byte> reply)
    {
        int count = _io.Send(Opened, reply, out SocketError error);
        IoStatus status = StatusOf(error);
        if (status == IoStatus.Closed)
            return status;

        int sent = error == SocketError.Success ? count : 0;
        if (sent < reply.Length)
            KeepUnsent(reply[sent..]);

        return IoStatus.Progress;
    }

    private IoStatus SendUnsent()
    {
        int count = _io.Send(Opened, _unsent.AsSpan(_sent), out SocketError error);
        if (error != SocketError.Success)
            return StatusOf(error);

        Consume(count);
        return IoStatus.Progress;
    }

    /// <summary>Ends the conversation from outside: whoever serves it finds the end of the stream, and closes it for this reason.</summary>
    internal void Abort(CloseReason reason)
    {
        // A socket must not be closed while another thread is in a call on it: the runtime would reset the connection.
        lock (_closing)
        {
            if (Socket.SafeHandle.IsClosed)
                return;

            _abortReason = reason;
            Shutdown(SocketShutdown.Both);
        }
    }

    internal void Dispose()
    {
        lock (_closing)
        {
            Opened = Opened.Closed();
            Socket.Dispose();
        }
    }

    /// <summary>What an error means for the conversation.</summary>
    internal IoStatus StatusOf(SocketError error) => error switch
    {
        SocketError.Success or SocketError.Interrupted => IoStatus.Progress,
        SocketError.WouldBlock => IoStatus.WouldBlock,
        _ => End(CloseReason.Reset),
    };

    /// <summary>Ends the conversation, for this reason unless it was condemned for another.</summary>
    internal IoStatus End(CloseReason reason)
    {
        ClosedBecause = _abortReason ?? reason;
        return IoStatus.Closed;
    }

    private void Shutdown(SocketShutdown how)
    {
        HasShutdownSend |= how != SocketShutdown.Receive;
        if (OperatingSystem.IsLinux())
        {
            // Socket.Shutdown would set O_NONBLOCK as well, for a child process that has the socket too.
            _ = Libc.Shutdown(Socket.SafeHandle, (int)how);
            return;
        }

        try
        {
            Socket.Shutdown(how);
        }
        catch (SocketException)
        {
            // The peer has reset the connection: there is nobody to tell.
        }
    }
}
