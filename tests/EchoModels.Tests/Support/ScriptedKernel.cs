using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>Calls that return what a test has prepared, and record how they were called; no byte reaches a socket.</summary>
internal sealed class ScriptedKernel() : DelegatingKernel(TestKernel.Open())
{
    private readonly Queue<(byte[] Bytes, SocketError Error)> _receives = [];
    private readonly Queue<(int Count, SocketError Error)> _sends = [];

    /// <summary>The bytes that the sends took, in order.</summary>
    public List<byte> Sent { get; } = [];

    /// <summary>The calls made, by their names.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>The result of every accept.</summary>
    public SocketError AcceptError { get; set; } = SocketError.WouldBlock;

    public ScriptedKernel Receives(params byte[] bytes)
    {
        _receives.Enqueue((bytes, SocketError.Success));
        return this;
    }

    public ScriptedKernel ReceiveFails(SocketError error)
    {
        _receives.Enqueue(([], error));
        return this;
    }

    public ScriptedKernel SendTakes(int count)
    {
        _sends.Enqueue((count, SocketError.Success));
        return this;
    }

    public ScriptedKernel SendFails(SocketError error)
    {
        _sends.Enqueue((-1, error));
        return this;
    }

    public override int Accept(SocketHandle listener, bool blocking, out SocketError error)
    {
        Calls.Add("accept");
        error = AcceptError;
        return -1;
    }

    public override int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error)
    {
        Calls.Add("recv");
        (byte[] bytes, error) = _receives.Dequeue();
        bytes.CopyTo(buffer);
        return error == SocketError.Success ? bytes.Length : -1;
    }

    public override int Send(SocketHandle socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        Calls.Add("send");
        (int count, error) = _sends.Dequeue();
        if (count > 0)
            Sent.AddRange(bytes[..count]);

        return count;
    }

    public override void SetBlocking(SocketHandle socket, bool blocking) => Calls.Add(blocking ? "block" : "unblock");
}
