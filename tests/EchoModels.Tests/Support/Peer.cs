using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EchoModels.Tests.Support;

/// <summary>One client that checks every byte of its stream. Its socket does not block, and each of its waits has a limit.</summary>
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
        Check = new StreamCheck(seed, connection);
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

    public StreamCheck Check { get; }

    public EndPoint Address => _socket.LocalEndPoint!;

    /// <summary>Whether it has received the end of the stream.</summary>
    public bool HasEnded => _ended;

    /// <summary>Bytes that have come back and have not been received.</summary>
    public int Available => _socket.Available;

    /// <summary>Sends the next bytes, as many of them as the kernel takes now.</summary>
    public int TrySend(int count)
    {
        int sent = _socket.Send(Check.Next(count), SocketFlags.None, out SocketError error);
        if (error is SocketError.WouldBlock)
            return 0;
        if (error != SocketError.Success)
            throw new SocketException((int)error);

        Check.MarkSent(sent);
        return sent;
    }

    /// <summary>Receives and checks what there is now, up to so many bytes.</summary>
    public int TryReceive(int count = Chunk)
    {
        if (_ended)
            return 0;

        int received = _socket.Receive(_buffer.AsSpan(0, Math.Min(count, Chunk)), SocketFlags.None, out SocketError error);
        if (error is SocketError.WouldBlock)
            return 0;
        if (error != SocketError.Success)
            throw new SocketException((int)error, $"{new SocketException((int)error).Message} ({Check})");

        _ended = received == 0;
        Check.AssertNext(_buffer.AsSpan(0, received));
        return received;
    }

    /// <summary>Sends so many bytes; waits until the kernel has taken them.</summary>
    public void Send(int count) => Repeat(SelectMode.SelectWrite, count, TrySend);

    /// <summary>Receives exactly so many bytes.</summary>
    public void Receive(long count) => Repeat(SelectMode.SelectRead, count, TryReceive);

    /// <summary>Waits for some bytes, or for the end of the stream.</summary>
    public void ReceiveSome() => Repeat(SelectMode.SelectRead, 1, TryReceive, endIsFine: true);

    /// <summary>Sends so many bytes and receives their echo.</summary>
    public void Exchange(int count)
    {
        Send(count);
        Receive(count);
    }

    /// <summary>Sends so many bytes, and receives while it sends.</summary>
    public void Stream(long total)
    {
        long end = Check.Sent + total;
        long progress = Stopwatch.GetTimestamp();
        while (Check.Received < end && !_ended)
        {
            int moved = Check.Sent < end ? TrySend((int)Math.Min(Chunk, end - Check.Sent)) : 0;
            moved += TryReceive();
            if (moved > 0)
                progress = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(progress) > Limit.Generous)
                throw new TimeoutException($"no byte moves any more: {Check}");
            else
                _socket.Poll(1_000, SelectMode.SelectRead);
        }

        Check.AssertAllReturned();
    }

    /// <summary>Sends and does not receive, until every queue in both directions is full.</summary>
    /// <param name="most">Bytes that no queue can hold: a server that takes more has no back-pressure.</param>
    public void SendUntilBlocked(long most)
    {
        for (int attempts = 0; attempts < 20;)
        {
            if (TrySend(Chunk) > 0)
                attempts = 0;
            else if (!_socket.Poll(10_000, SelectMode.SelectWrite))
                attempts++;

            if (Check.Sent > most)
                throw new StreamCheckException($"the server receives without limit: {Check}");
        }
    }

    /// <summary>Sends one byte of urgent data (MSG_OOB), which is the next byte of the stream.</summary>
    public void SendUrgent()
    {
        if (_socket.Send(Check.Next(1), SocketFlags.OutOfBand) == 1)
            Check.MarkSent(1);
    }

    /// <summary>Has the kernel keep back whatever does not fill a segment (TCP_CORK), until the stream ends.</summary>
    public void Cork() => _socket.SetRawSocketOption(IPPROTO_TCP, TCP_CORK, BitConverter.GetBytes(1));

    /// <summary>Ends its half of the stream (FIN).</summary>
    public void HalfClose() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Receives everything that is missing, and then the end of the stream.</summary>
    public void ReceiveToEnd()
    {
        Repeat(SelectMode.SelectRead, long.MaxValue, TryReceive, endIsFine: true);
        Check.AssertAllReturned();
    }

    /// <summary>Closes in good order: half-closes, receives everything, and closes.</summary>
    public void Close()
    {
        HalfClose();
        ReceiveToEnd();
        Dispose();
    }

    /// <summary>Aborts the connection (RST).</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private void Repeat(SelectMode mode, long count, Func<int, int> move, bool endIsFine = false)
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
                throw new TimeoutException($"{done} of {(count == long.MaxValue ? "all" : count)} bytes, and no more: {Check}");
            else if (!_ended)
                _socket.Poll(100_000, mode);
        }

        if (_ended && !endIsFine)
            throw new StreamCheckException($"the server ended the stream: {Check}");
    }
}
