using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace EchoModels.SystemTests.Support;

/// <summary>A client of a server's control socket, which may also send what the server does not expect.</summary>
internal sealed class ControlClient : IDisposable
{
    private Socket _socket = Open();

    public ControlClient(Server server) : this(server.Directory, server.Port)
    {
    }

    public ControlClient(RuntimeDirectory directory, int port)
    {
        Limit.Until(() => TryConnect(new UnixDomainSocketEndPoint(directory.Socket(port))), "the control socket accepts");
    }

    /// <summary>A server opens its control socket right after its first line: bound already, it refuses until it listens.</summary>
    private bool TryConnect(UnixDomainSocketEndPoint path)
    {
        try
        {
            _socket.Connect(path);
            return true;
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused)
        {
            _socket.Dispose(); // the runtime lets a Socket connect once only
            _socket = Open();
            return false;
        }
    }

    private static Socket Open()
    {
        int limit = (int)Limit.Generous.TotalMilliseconds;
        return new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = limit, SendTimeout = limit };
    }

    public void Send(string text) => Send(Encoding.UTF8.GetBytes(text));

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[_socket.Send(bytes)..];
    }

    /// <summary>Sends bytes to a server that may close the connection before it has received them all.</summary>
    public void TrySend(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Send(bytes);
        }
        catch (SocketException)
        {
            // The server has closed the connection.
        }
    }

    /// <summary>Reads the answer, which is one line and nothing after it.</summary>
    public JsonElement ReadAnswer()
    {
        string answer = ReadToEnd();
        Assert.EndsWith("\n", answer);
        Assert.DoesNotContain('\n', answer[..^1]);
        return JsonDocument.Parse(answer).RootElement;
    }

    /// <summary>Reads until the server closes the connection.</summary>
    public string ReadToEnd()
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
            // The server has closed the connection with a part of the line unread.
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    public void Dispose() => _socket.Dispose();
}
