using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>Socket calls that answer as a test has written down, and keep what they were asked; no byte reaches a socket.</summary>
internal sealed class ScriptedIo : ISocketIo
{
    private readonly Queue<(byte[] Bytes, SocketError Error)> _receives = [];
    private readonly Queue<(int Count, SocketError Error)> _sends = [];

    /// <summary>What the sends took, in order.</summary>
    public List<byte> Sent { get; } = [];

    /// <summary>The calls made, by their names.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>The answer to every accept.</summary>
    public SocketError AcceptError { get; set; } = SocketError.WouldBlock;

    public ScriptedIo Receives(params byte[] bytes)
    {
        _receives.Enqueue((bytes, SocketError.Success));
        return this;
    }

    public ScriptedIo ReceiveFails(SocketError error)
    {
        _receives.Enqueue(([], error));
        return this;
    }

    public ScriptedIo SendTakes(int count)
    {
        _sends.Enqueue((count, SocketError.Success));
        return this;
    }

    public ScriptedIo SendFails(SocketError error)
    {
        _sends.Enqueue((-1, error));
        return this;
    }

    public Socket? Accept(Socket listener, bool blocking, out SocketError error)
    {
        Calls.Add("accept");
        error = AcceptError;
        return null;
    }

    public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error)
    {
        Calls.Add("recv");
        (byte[] bytes, error) = _receives.Dequeue();
        bytes.CopyTo(buffer);
        return error == SocketError.Success ? bytes.Length : -1;
    }

    public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        Calls.Add("send");
        (int count, error) = _sends.Dequeue();
        if (count > 0)
            Sent.AddRange(bytes[..count]);

        return count;
    }

    public void SetBlocking(Socket socket, bool blocking) => Calls.Add(blocking ? "block" : "unblock");

    public int Unacknowledged(Socket socket) => 42;
}
