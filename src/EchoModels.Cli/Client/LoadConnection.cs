using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>Where a client's conversation is.</summary>
internal enum Stage
{
    /// <summary>The handshake is under way.</summary>
    Connecting,

    /// <summary>Messages go out and echoes come back.</summary>
    Talking,

    /// <summary>Every echo is here and our end of stream is out: all that may still come is the server's.</summary>
    Ending,

    /// <summary>Over, well or badly.</summary>
    Closed,
}

/// <summary>One client: how far it is in what it sends and in what it gets back.</summary>
/// <remarks>
/// It is granted one message after the other, and sends whatever is granted as far as the kernel takes it. It never waits for a
/// send before it receives: a message larger than all buffers on the way would otherwise stop both sides.
/// </remarks>
internal sealed class LoadConnection
{
    /// <summary>Pieces of a large message that are sent in one turn, before the other clients have theirs.</summary>
    private const int PiecesPerTurn = 4;

    private readonly OpenSocket _open;
    private readonly ISocketIo _io;
    private readonly int _size;
    private readonly long[] _starts;
    private int _sendAt;
    private int _receiveAt;
    private long _toSend;
    private long _sent;
    private long _nextEcho;

    public LoadConnection(int slot, Socket socket, ISocketIo io, ClientOptions options)
    {
        (Slot, _open, _io, _size) = (slot, socket, io, options.Size);
        _starts = new long[options.Pipeline];
        _nextEcho = _size;
        _sendAt = _receiveAt = Pattern.Entry(slot);
        Limit = options.Messages ?? long.MaxValue;
    }

    public int Slot { get; }

    public Socket Socket => _open.Socket;

    public Token Token => new(Slot, 0);

    public Stage Stage { get; set; } = Stage.Connecting;

    /// <summary>Messages that it may send in all.</summary>
    public long Limit { get; }

    /// <summary>Messages that were given to it to send.</summary>
    public long Granted { get; private set; }

    /// <summary>Messages that came back whole.</summary>
    public long Echoed { get; private set; }

    /// <summary>Bytes that came back, and were the right ones.</summary>
    public long Received { get; private set; }

    /// <summary>When something last moved, or began to be waited for.</summary>
    public long LastProgress { get; set; }

    public bool IsWaiting => Granted > Echoed;

    /// <summary>Whether one more message may be under way.</summary>
    public bool HasRoom => Granted - Echoed < _starts.Length;

    public Interest Interest => Stage switch
    {
        Stage.Connecting => Interest.Write,
        Stage.Talking when _sent < _toSend => Interest.Read | Interest.Write,
        _ => Interest.Read,
    };

    /// <summary>What the selector was last told.</summary>
    public Interest Told { get; set; }

    /// <summary>Gives it one more message to send.</summary>
    /// <param name="start">When its latency begins to count.</param>
    /// <param name="now">The time.</param>
    public void Grant(long start, long now)
    {
        if (!IsWaiting)
            LastProgress = now;

        _starts[Granted++ % _starts.Length] = start;
        _toSend += _size;
    }

    /// <summary>Sends what is granted and not yet sent, until the kernel takes no more, or for one turn.</summary>
    public Fault Send()
    {
        for (int piece = 0; piece < PiecesPerTurn && _sent < _toSend; piece++)
        {
            ReadOnlySpan<byte> bytes = Pattern.At(_sendAt, _toSend - _sent);
            int count = _io.Send(_open, bytes, out SocketError error);
            if (error != SocketError.Success)
                return FaultOf(error);

            _sent += count;
            _sendAt = Pattern.Advance(_sendAt, count);
            if (count < bytes.Length)
                break;
        }

        return Fault.None;
    }

    /// <summary>Receives once, and compares every byte with the one that was sent at its place.</summary>
    /// <param name="buffer">Where to receive.</param>
    public Fault Receive(Span<byte> buffer)
    {
        int count = _io.Receive(_open, buffer, out SocketError error);
        if (error != SocketError.Success)
            return FaultOf(error);

        return count > 0 ? Check(buffer[..count]) : Fault.ClosedEarly;
    }

    /// <summary>Takes note of one message that is back whole, if there is one, and tells when its latency began to count.</summary>
    public bool TryFinish(out long start)
    {
        start = 0;
        if (Received < _nextEcho)
            return false;

        start = _starts[Echoed++ % _starts.Length];
        _nextEcho += _size;
        return true;
    }

    /// <summary>Tells the server that nothing more will come (FIN). See shutdown(2).</summary>
    public Fault ShutdownSend()
    {
        try
        {
            Socket.Shutdown(SocketShutdown.Send);
            return Fault.None;
        }
        catch (SocketException)
        {
            return Fault.Reset;
        }
    }

    /// <summary>What the server has failed to do since that moment; nothing if it is not behind.</summary>
    public Fault TimedOut(long since) => LastProgress > since ? Fault.None : Stage switch
    {
        Stage.Connecting => Fault.ConnectTimeout,
        Stage.Talking when IsWaiting => Fault.Stalled,
        Stage.Ending => Fault.NotClosed,
        _ => Fault.None,
    };

    private Fault Check(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> expected = Pattern.At(_receiveAt, Math.Min(bytes.Length, _sent - Received));
        if (!bytes[..expected.Length].SequenceEqual(expected))
        {
            Received += bytes.CommonPrefixLength(expected);
            return Fault.Mismatch;
        }

        Received += expected.Length;
        _receiveAt = Pattern.Advance(_receiveAt, expected.Length);
        return expected.Length == bytes.Length ? Fault.None : Fault.ExtraBytes;
    }

    private static Fault FaultOf(SocketError error) =>
        error is SocketError.WouldBlock or SocketError.Interrupted ? Fault.None : Fault.Reset;
}
