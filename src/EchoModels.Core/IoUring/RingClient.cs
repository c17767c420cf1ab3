using System.Buffers;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>One connection of a ring: what the kernel is doing for it, and what was received and is to be sent after that.</summary>
/// <remarks>
/// What waits to be sent lies in the ring's buffers, only for as long as a send takes that does not wait for room. When the peer has no
/// room, all of it moves into the connection as unsent bytes: a client that does not read holds none of the buffers.
/// </remarks>
internal sealed class RingClient(Connection connection, Ring ring)
{
    private readonly Queue<(int Buffer, int Length)> _pendingSends = [];
    private Requested _requested;
    private MemoryHandle _pin;

    /// <summary>What was requested for a client and has not had its last completion.</summary>
    [Flags]
    private enum Requested
    {
        Nothing = 0,
        Receive = 1,
        Send = 2,
    }

    public Connection Connection => connection;

    public int Descriptor { get; } = connection.Socket.Number;

    /// <summary>The peer's end of stream (FIN) has come.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The connection was reset.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Whether nothing is left to do for it but to close it.</summary>
    public bool IsOver => IsBroken || (HasEnded && !HasPendingSends && !connection.HasUnsent);

    /// <summary>Whether nothing is requested: no completion will refer to its socket again.</summary>
    public bool IsQuiet => _requested == Requested.Nothing;

    public bool IsSending => (_requested & Requested.Send) != 0;

    /// <summary>Whether more may come, and is not requested.</summary>
    public bool WantsMore => !HasEnded && (_requested & Requested.Receive) == 0;

    public bool HasPendingSends => _pendingSends.Count > 0;

    private BufferRing Buffers => ring.Buffers;

    /// <summary>Requests what comes next; false if no buffer is free for it.</summary>
    public bool TryReceive()
    {
        if (Buffers.Free == 0)
            return false;

        _requested |= Requested.Receive;
        ring.Receive(this, Buffers.ReceiveLimit);
        return true;
    }

    /// <summary>Bytes have come, or the end of the stream, or the receive has ended for another reason.</summary>
    public RingClient OnReceived(in Completion completion)
    {
        if (!completion.HasMore)
            _requested &= ~Requested.Receive;
        if (completion.HasBuffer)
            Buffers.OnTaken();

        if (completion.Result > 0)
        {
            Keep(completion.Buffer, connection.Received(Buffers[completion.Buffer], completion.Result));
            return this;
        }

        if (completion.HasBuffer)
            Buffers.Provide(completion.Buffer);

        if (completion.Result == 0)
            HasEnded = connection.Close(CloseReason.PeerClosed) == IoStatus.Closed;
        else if (completion.Error != Errno.ENOBUFS) // all buffers were taken: it is requested again when some are free
            Judge(completion.Error);

        return this;
    }

    /// <summary>Sends the next reply out of the buffer that it lies in.</summary>
    public void SendPending()
    {
        _requested |= Requested.Send;
        (int buffer, int length) = _pendingSends.Peek();
        ring.Send(this, Buffers.Address(buffer), length);
    }

    /// <summary>A reply went out, or a part of it; then the rest is unsent, and so are all other replies.</summary>
    public RingClient OnSent(in Completion completion)
    {
        _requested &= ~Requested.Send;
        Judge(completion.Error);
        int count = Math.Max(0, completion.Result);
        (int buffer, int length) = _pendingSends.Dequeue();
        if (count < length)
            connection.KeepUnsent(Buffers[buffer][count..length]);

        Buffers.Provide(buffer);
        if (connection.HasUnsent)
            KeepPendingSends();

        return this;
    }

    /// <summary>Sends what is unsent, when there is room.</summary>
    public unsafe void SendUnsent()
    {
        _requested |= Requested.Send;
        _pin = connection.Unsent.Pin(); // the kernel reads it where it is
        ring.SendUnsent(this, (nint)_pin.Pointer, connection.Unsent.Length);
    }

    public RingClient OnUnsentSent(in Completion completion)
    {
        _requested &= ~Requested.Send;
        _pin.Dispose();
        Judge(completion.Error);
        connection.Consume(Math.Max(0, completion.Result));
        return this;
    }

    /// <summary>Gives up what is requested; each request has its last completion.</summary>
    public void Cancel()
    {
        if ((_requested & Requested.Receive) != 0)
            ring.Cancel(RequestKind.Receive, connection.Token);
        if ((_requested & Requested.Send) != 0)
            ring.Cancel(RequestKind.SendUnsent, connection.Token); // the other kind of send does not wait
    }

    /// <summary>Moves all replies out of the ring's buffers into the connection.</summary>
    public void KeepPendingSends()
    {
        while (_pendingSends.TryDequeue(out (int Buffer, int Length) pending))
        {
            connection.KeepUnsent(Buffers[pending.Buffer][..pending.Length]);
            Buffers.Provide(pending.Buffer);
        }
    }

    /// <summary>Provides the buffers of all replies again: the connection is over.</summary>
    public void DropPendingSends()
    {
        while (_pendingSends.TryDequeue(out (int Buffer, int Length) pending))
            Buffers.Provide(pending.Buffer);
    }

    private void Keep(int buffer, ReadOnlySpan<byte> reply)
    {
        if (!connection.HasUnsent)
        {
            _pendingSends.Enqueue((buffer, reply.Length));
            return;
        }

        connection.KeepUnsent(reply);
        Buffers.Provide(buffer);
    }

    private void Judge(int error)
    {
        // "Not now", or given up by ourselves, says nothing about the connection.
        if (error is not (0 or Errno.EAGAIN or Errno.EINTR or Errno.ECANCELED))
            IsBroken = connection.StatusOf(Errno.Meaning(error)) == IoStatus.Closed;
    }
}
