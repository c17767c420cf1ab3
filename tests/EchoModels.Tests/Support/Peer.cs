using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EchoModels.Tests.Support;

/// <summary>One client with its ledger. Its socket never blocks, and each of its waits has a limit.</summary>
internal sealed class Peer : IDisposable
{
    private const int Chunk = 64 * 1024;
    private const int IPPROTO_TCP = 6;
    private const int TCP_CORK = 3;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[Chunk];
    private bool _ended;

    public Peer(IPEndPoint server, int seed, int connection, int queue = 0)
    {
        Ledger = new Ledger(seed, connection);
        _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (queue > 0)
            (_socket.ReceiveBufferSize, _socket.SendBufferSize) = (queue, queue);

        try
        {
            _socket.Connect(server);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        _socket.Blocking = false;
        _socket.NoDelay = true;
    }

    public Ledger Ledger { get; }

    public EndPoint Address => _socket.LocalEndPoint!;

    /// <summary>Whether the server's end of stream has come.</summary>
    public bool HasEnded => _ended;

    /// <summary>Bytes that have come back and have not been looked at.</summary>
    public int Available => _socket.Available;

    /// <summary>Says the next bytes, if the kernel takes any of them now.</summary>
    public int TrySay(int count)
    {
        int sent = _socket.Send(Ledger.Next(count), SocketFlags.None, out SocketError error);
        if (error is SocketError.WouldBlock)
            return 0;
        if (error != SocketError.Success)
            throw new SocketException((int)error);

        Ledger.Took(sent);
        return sent;
    }

    /// <summary>Hears what there is now, up to so many bytes, and checks it.</summary>
    public int TryHear(int count = Chunk)
    {
        if (_ended)
            return 0;

        int received = _socket.Receive(_buffer.AsSpan(0, Math.Min(count, Chunk)), SocketFlags.None, out SocketError error);
        if (error is SocketError.WouldBlock)
            return 0;
        if (error != SocketError.Success)
            throw new SocketException((int)error, $"{new SocketException((int)error).Message} ({Ledger})");

        _ended = received == 0;
        Ledger.Check(_buffer.AsSpan(0, received));
        return received;
    }

    /// <summary>Says so many bytes, however long the kernel takes to take them.</summary>
    public void Say(int count) => Patiently(SelectMode.SelectWrite, count, TrySay);

    /// <summary>Hears exactly so many bytes.</summary>
    public void Hear(long count) => Patiently(SelectMode.SelectRead, count, TryHear);

    /// <summary>Waits for some bytes, or for the end of the stream.</summary>
    public void HearSome() => Patiently(SelectMode.SelectRead, 1, TryHear, endIsFine: true);

    /// <summary>Says so many bytes and hears them.</summary>
    public void Exchange(int count)
    {
        Say(count);
        Hear(count);
    }

    /// <summary>Says so many bytes, and hears while it says.</summary>
    public void Stream(long total)
    {
        long end = Ledger.Sent + total;
        long progress = Stopwatch.GetTimestamp();
        while (Ledger.Received < end && !_ended)
        {
            int moved = Ledger.Sent < end ? TrySay((int)Math.Min(Chunk, end - Ledger.Sent)) : 0;
            moved += TryHear();
            if (moved > 0)
                progress = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(progress) > Limit.Generous)
                throw new TimeoutException($"no byte moves any more: {Ledger}");
            else
                _socket.Poll(1_000, SelectMode.SelectRead);
        }

        Ledger.Settle();
    }

    /// <summary>Says on and on, hearing nothing, until every queue on the way there and back is full.</summary>
    /// <param name="most">Bytes that no queue can hold: a server that takes more has no back-pressure.</param>
    public void SayUntilStuck(long most)
    {
        for (int quiet = 0; quiet < 20;)
        {
            if (TrySay(Chunk) > 0)
                quiet = 0;
            else if (!_socket.Poll(10_000, SelectMode.SelectWrite))
                quiet++;

            if (Ledger.Sent > most)
                throw new LedgerException($"the server takes more and more without end: {Ledger}");
        }
    }

    /// <summary>One byte of urgent data (MSG_OOB), which is the next byte of the stream.</summary>
    public void SayUrgently()
    {
        if (_socket.Send(Ledger.Next(1), SocketFlags.OutOfBand) == 1)
            Ledger.Took(1);
    }

    /// <summary>Lets the kernel hold back whatever does not fill a segment (TCP_CORK), until the stream ends.</summary>
    public void Cork() => _socket.SetRawSocketOption(IPPROTO_TCP, TCP_CORK, BitConverter.GetBytes(1));

    /// <summary>Says that nothing more will come (FIN).</summary>
    public void HalfClose() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Hears everything that is missing, and then the end of the stream.</summary>
    public void HearEnd()
    {
        Patiently(SelectMode.SelectRead, long.MaxValue, TryHear, endIsFine: true);
        Ledger.Settle();
    }

    /// <summary>Says goodbye as one should: half-closes, hears all, and leaves.</summary>
    public void Leave()
    {
        HalfClose();
        HearEnd();
        Dispose();
    }

    /// <summary>Breaks the connection (RST).</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private void Patiently(SelectMode mode, long count, Func<int, int> move, bool endIsFine = false)
    {
        long done = 0;
        long progress = Stopwatch.GetTimestamp();
        while (done < count && !_ended)
        {
            int moved = move((int)Math.Min(Chunk, count - done));
            done += moved;
            if (moved > 0)
                progress = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(progress) > Limit.Generous)
                throw new TimeoutException($"{done} of {(count == long.MaxValue ? "all" : count)} bytes, and no more: {Ledger}");
            else if (!_ended)
                _socket.Poll(100_000, mode);
        }

        if (_ended && !endIsFine)
            throw new LedgerException($"the server ended the stream: {Ledger}");
    }
}
