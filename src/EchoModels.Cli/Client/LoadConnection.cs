using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>The state of a client's connection.</summary>
internal enum ClientState
{
    /// <summary>The handshake is in progress.</summary>
    Connecting,

    /// <summary>Messages are sent and echoes received.</summary>
    Established,

    /// <summary>Every echo has been received and the end of the stream sent; only the server's end of stream may follow.</summary>
    HalfClosed,

    Closed,
}

/// <summary>One client: its positions in the stream it sends and in the stream it receives.</summary>
/// <remarks>
/// A message is issued first, and sent as far as the kernel takes it. The client never waits for a send before it receives: a
/// message larger than all buffers on the way would block both sides.
/// </remarks>
internal sealed class LoadConnection
{
    /// <summary>Sends of a large message per event, so that one client does not keep the others waiting.</summary>
    private const int MaxSendsPerEvent = 4;

    private readonly IKernel _kernel;
    private readonly int _size;
    private readonly long[] _starts;
    private int _sendAt;
    private int _receiveAt;
    private long _toSend;
    private long _sent;
    private long _nextEcho;

    public LoadConnection(int slot, int socket, IKernel kernel, ClientOptions options)
    {
        (Slot, _kernel, _size) = (slot, kernel, options.Size);
        Socket = new SocketHandle(socket, new Token(slot, 0));
        _starts = new long[options.Pipeline];
        _nextEcho = _size;
        _sendAt = _receiveAt = Pattern.StartOf(slot);
        Limit = options.Messages ?? long.MaxValue;
    }

    public int Slot { get; }

    /// <summary>Its number, and the slot as its token.</summary>
    public SocketHandle Socket { get; }

    public ClientState State { get; set; } = ClientState.Connecting;

    /// <summary>Messages that it may send in all.</summary>
    public long Limit { get; }

    /// <summary>Messages issued: sent, or about to be sent.</summary>
    public long Issued { get; private set; }

    /// <summary>Messages whose echo has been received completely.</summary>
    public long Echoed { get; private set; }

    /// <summary>Bytes received and found correct.</summary>
    public long Received { get; private set; }

    /// <summary>The time of the last progress, or of the beginning of the present wait; without the time in which this process stood still.</summary>
    public long LastProgress { get; set; }

    /// <summary>Whether it got no answer until the end of sending, or until it was given up.</summary>
    public bool IsStarved { get; set; }

    public bool AwaitsEcho => Issued > Echoed;

    /// <summary>Whether one more message may be in flight.</summary>
    public bool HasRoom => Issued - Echoed < _starts.Length;

    public Interest Interest => State switch
    {
        ClientState.Connecting => Interest.Write,
        ClientState.Established when _sent < _toSend => Interest.Read | Interest.Write,
        _ => Interest.Read,
    };

    /// <summary>The interest that the selector has registered.</summary>
    public Interest RegisteredInterest { get; set; }

    /// <summary>Issues one more message.</summary>
    /// <param name="start">The time from which its latency counts.</param>
    /// <param name="now">The time.</param>
    public void Issue(long start, long now)
    {
        if (!AwaitsEcho)
            LastProgress = now;

        _starts[Issued++ % _starts.Length] = start;
        _toSend += _size;
    }

    /// <summary>Sends what is issued and not yet sent, until the kernel takes no more, or the limit per event is reached.</summary>
    public Fault Send()
    {
        for (int i = 0; i < MaxSendsPerEvent && _sent < _toSend; i++)
        {
            ReadOnlySpan<byte> bytes = Pattern.At(_sendAt, _toSend - _sent);
            int count = _kernel.Send(Socket, bytes, out SocketError error);
            if (error != SocketError.Success)
                return FaultOf(error);

            _sent += count;
            _sendAt = Pattern.Advance(_sendAt, count);
            if (count < bytes.Length)
                break;
        }

        return Fault.None;
    }

    /// <summary>Receives once, and compares every byte with the one sent at its position.</summary>
    /// <param name="buffer">The buffer to receive into.</param>
    public Fault Receive(Span<byte> buffer)
    {
        int count = _kernel.Receive(Socket, buffer, out SocketError error);
        if (error != SocketError.Success)
            return FaultOf(error);

        return count > 0 ? Check(buffer[..count]) : Fault.ClosedEarly;
    }

    /// <summary>Counts one message whose echo is complete, if there is one, and returns the start of its latency.</summary>
    public bool TryCountEcho(out long start)
    {
        start = 0;
        if (Received < _nextEcho)
            return false;

        start = _starts[Echoed++ % _starts.Length];
        _nextEcho += _size;
        return true;
    }

    /// <summary>The times from which the latencies of the messages in flight count.</summary>
    public IEnumerable<long> UnansweredStarts()
    {
        for (long message = Echoed; message < Issued; message++)
            yield return _starts[message % _starts.Length];
    }

    /// <summary>Sends the end of the stream (FIN). See shutdown(2).</summary>
    public void ShutdownSend() => _kernel.Shutdown(Socket, SocketShutdown.Send);

    /// <summary>The fault of a client that has made no progress since a moment and waits for the server; otherwise none.</summary>
    public Fault FaultIfStalled(long since) => LastProgress > since ? Fault.None : State switch
    {
        ClientState.Connecting => Fault.ConnectTimeout,
        ClientState.Established when AwaitsEcho => Fault.Stalled,
        ClientState.HalfClosed => Fault.NotClosed,
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
        return expected.Length == bytes.Length ? Fault.None : _sent == 0 ? Fault.SendsFirst : Fault.ExtraBytes;
    }

    private static Fault FaultOf(SocketError error) =>
        error is SocketError.WouldBlock or SocketError.Interrupted ? Fault.None : Fault.Reset;
}
