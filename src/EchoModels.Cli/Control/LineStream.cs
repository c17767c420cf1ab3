using System.Net.Sockets;
using System.Text;

namespace EchoModels.Cli.Control;

/// <summary>The control channel's framing: lines of UTF-8 over a connected socket, each with a limit in length and in time.</summary>
internal sealed class LineStream(LocalSocket socket) : IDisposable
{
    private byte[] _buffer = new byte[1024];
    private int _count;

    /// <summary>Receives the next line.</summary>
    /// <param name="maxBytes">The longest line that is accepted, its end included.</param>
    /// <param name="deadline">When the whole line must be here.</param>
    /// <returns>The line without its end; null if the peer ended the stream, reset it, or exceeded a limit.</returns>
    public string? ReadLine(int maxBytes, Deadline deadline)
    {
        int searched = 0;
        while (true)
        {
            int end = _buffer.AsSpan(searched, _count - searched).IndexOf((byte)'\n');
            if (end >= 0)
                return TakeLine(searched + end);

            searched = _count;
            if (_count >= maxBytes)
                return null;
            if (_count == _buffer.Length)
                Array.Resize(ref _buffer, Math.Min(_count * 2, maxBytes));

            int received = socket.Receive(_buffer.AsSpan(_count), deadline, out _);
            if (received == 0)
                return null;

            _count += received;
        }
    }

    /// <summary>Sends one line.</summary>
    /// <returns>False if the peer is gone, or too slow.</returns>
    public bool WriteLine(string line, Deadline deadline) =>
        socket.Send(Encoding.UTF8.GetBytes(line + "\n"), deadline) == SocketError.Success;

    /// <summary>Receives and ignores what comes, until the peer ends the stream or resets it.</summary>
    /// <returns>False if it has not until the deadline.</returns>
    public bool WaitForEnd(Deadline deadline)
    {
        SocketError error;
        while (socket.Receive(_buffer, deadline, out error) > 0)
            continue;

        return error != SocketError.TimedOut;
    }

    public void Dispose() => socket.Dispose();

    /// <summary>Removes a line from the buffer; what follows it is the beginning of the next one.</summary>
    private string TakeLine(int end)
    {
        string line = Encoding.UTF8.GetString(_buffer, 0, end).TrimEnd('\r');
        _buffer.AsSpan((end + 1).._count).CopyTo(_buffer);
        _count -= end + 1;
        return line;
    }
}
