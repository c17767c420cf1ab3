using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace EchoModels.SystemTests.Support;

/// <summary>Somebody at a server's control socket, well-behaved or not.</summary>
internal sealed class Visitor : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public Visitor(Server server) : this(server.Directory, server.Port)
    {
    }

    public Visitor(RuntimeDirectory directory, int port)
    {
        _socket.ReceiveTimeout = _socket.SendTimeout = (int)Timing.Generous.TotalMilliseconds;
        _socket.Connect(new UnixDomainSocketEndPoint(directory.Socket(port)));
    }

    public void Say(string text) => Say(Encoding.UTF8.GetBytes(text));

    public void Say(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[_socket.Send(bytes)..];
    }

    /// <summary>Says something to somebody who may hang up in the middle of it.</summary>
    public void TryToSay(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Say(bytes);
        }
        catch (SocketException)
        {
            // Cut off, as it may be.
        }
    }

    /// <summary>The one line that answers, and nothing after it.</summary>
    public JsonElement Answer()
    {
        string answer = ReadAll();
        Assert.EndsWith("\n", answer);
        Assert.DoesNotContain('\n', answer[..^1]);
        return JsonDocument.Parse(answer).RootElement;
    }

    /// <summary>What comes until the server hangs up.</summary>
    public string ReadAll()
    {
        List<byte> bytes = [];
        byte[] buffer = new byte[4096];
        try
        {
            while (_socket.Receive(buffer) is > 0 and int count)
                bytes.AddRange(buffer.AsSpan(0, count));
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It hung up on a line that it had not read to its end.
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    public void Dispose() => _socket.Dispose();
}
