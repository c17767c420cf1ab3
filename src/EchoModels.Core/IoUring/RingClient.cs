using System.Buffers;
using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>One client as the ring sees it: what the kernel is doing for it, and what has come and is to be sent back after that.</summary>
/// <remarks>
/// What waits to be sent lies in the ring's buffers, and only for as long as a send takes that does not wait for room. Once there
/// is no room at the peer's, all of it moves into the connection, as bytes owed: who does not read holds none of the buffers.
/// </remarks>
internal sealed class RingClient(Connection connection, Ring ring)
{
    private readonly Queue<(int Buffer, int Length)> _pendingSends = [];
    private Asked _asked;
    private MemoryHandle _pin;

    /// <summary>What the kernel has been asked for a client, and has not answered for good.</summary>
    [Flags]
    private enum Asked
    {
        Nothing = 0,
        Receive = 1,
        Send = 2,
    }

    public Connection Connection => connection;

    public int Descriptor { get; } = (int)connection.Socket.Handle;

    /// <summary>The peer has said that nothing more will come (FIN).</summary>
    public bool HasEnded { get; private set; }

    /// <summary>There is nobody to send to any more.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Whether there is nothing left to do for it but to close it.</summary>
    public bool IsOver => IsBroken || (HasEnded && !HasPendingSends && !connection.HasUnsent);

    /// <summary>Whether nothing is asked: no request will ever speak of its socket again.</summary>
    public bool IsQuiet => _asked == Asked.Nothing;

    public bool IsSending => (_asked & Asked.Send) != 0;

    /// <summary>Whether more may come, and is not asked for.</summary>
    public bool WantsMore => !HasEnded && (_asked & Asked.Receive) == 0;

    public bool HasPendingSends => _pendingSends.Count > 0;

    /// <summary>Asks for what comes next; false if there is no buffer free for it.</summary>
    public bool TryReceive()
    {
        if (Buffers.Free == 0)
            return false;

        _asked |= Asked.Receive;
        ring.Receive(this, Buffers.ReceiveLimit);
        return true;
    }

    /// <summary>Something has come, or the end of the stream, or the receive has ended for a reason that may be none.</summary>
    public RingClient Received(in Completion answer)
    {
        if (!answer.HasMore)
            _asked &= ~Asked.Receive;
        if (answer.HasBuffer)
            Buffers.Took();

        if (answer.Result > 0)
        {
            Keep(answer.Buffer, connection.ReplyTo(Buffers[answer.Buffer], answer.Result));
            return this;
        }

        if (answer.HasBuffer)
            Buffers.Give(answer.Buffer);

        if (answer.Result == 0)
            HasEnded = connection.End(CloseReason.PeerClosed) == IoStatus.Closed;
        else if (answer.Error != Errno.ENOBUFS) // all the buffers were taken: it is asked for again when there are some
            Judge(answer.Error);

        return this;
    }

    /// <summary>Sends the next piece out of the buffer that it came in.</summary>
    public void SendPending()
    {
        _asked |= Asked.Send;
        (int buffer, int length) = _pendingSends.Peek();
        ring.Send(this, Buffers.Address(buffer), length);
    }

    /// <summary>Some of the piece went out, or all; if not all, the rest is owed, and so are all the other pieces.</summary>
    public RingClient Sent(in Completion answer)
    {
        _asked &= ~Asked.Send;
        Judge(answer.Error);
        int count = Math.Max(0, answer.Result);
        (int buffer, int length) = _pendingSends.Dequeue();
        if (count < length)
            connection.AppendUnsent(Buffers[buffer][count..length]);

        Buffers.Give(buffer);
        if (connection.HasUnsent)
            KeepPendingSends();

        return this;
    }

    /// <summary>Sends what is owed, when there is room.</summary>
    public unsafe void SendUnsent()
    {
        _asked |= Asked.Send;
        _pin = connection.Unsent.Pin(); // the kernel will read it where it is
        ring.SendUnsent(this, (nint)_pin.Pointer, connection.UnsentBytes);
    }

    public RingClient OnUnsentSent(in Completion answer)
    {
        _asked &= ~Asked.Send;
        _pin.Dispose();
        Judge(answer.Error);
        connection.Consume(Math.Max(0, answer.Result));
        return this;
    }

    /// <summary>Gives up what has been asked so far; each request gets its last answer.</summary>
    public void Cancel()
    {
        if ((_asked & Asked.Receive) != 0)
            ring.Cancel(RequestKind.Receive, connection.Token);
        if ((_asked & Asked.Send) != 0)
            ring.Cancel(RequestKind.SendUnsent, connection.Token); // the other kind of send does not wait
    }

    /// <summary>Moves all pieces out of the ring's buffers into the connection.</summary>
    public void KeepPendingSends()
    {
        while (_pendingSends.TryDequeue(out (int Buffer, int Length) piece))
        {
            connection.AppendUnsent(Buffers[piece.Buffer][..piece.Length]);
            Buffers.Give(piece.Buffer);
        }
    }

    /// <summary>Gives the buffers of all pieces back: nobody is there to read them.</summary>
    public void DropPendingSends()
    {
        while (_pendingSends.TryDequeue(out (int Buffer, int Length) piece))
            Buffers.Give(piece.Buffer);
    }

    private BufferRing Buffers => ring.Buffers;

    private void Keep(int buffer, ReadOnlySpan<byte> reply)
    {
        if (!connection.HasUnsent)
        {
            _pendingSends.Enqueue((buffer, reply.Length));
            return;
        }

        connection.AppendUnsent(reply);
        Buffers.Give(buffer);
    }

    private void Judge(int error)
    {
        // "Not now", or given up by ourselves, says nothing about the connection.
        if (error is not (0 or Errno.EAGAIN or Errno.EINTR or Errno.ECANCELED))
            IsBroken = connection.StatusOf(Errno.Meaning(error)) == IoStatus.Closed;
    }
}
