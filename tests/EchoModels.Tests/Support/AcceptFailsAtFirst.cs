using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>Accepts that find no descriptor free at first (EMFILE), although a client waits.</summary>
internal sealed class AcceptFailsAtFirst(ISocketIo io, int failures) : ISocketIo
{
    /// <summary>How often somebody was there and was asked for.</summary>
    public int Asked { get; private set; }

    public Socket? Accept(Socket listener, bool blocking, out SocketError error)
    {
        if (!listener.Poll(0, SelectMode.SelectRead) || Asked++ >= failures)
            return io.Accept(listener, blocking, out error);

        error = SocketError.TooManyOpenSockets;
        return null;
    }

    public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error) => io.Receive(socket, buffer, out error);

    public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error) => io.Send(socket, bytes, out error);

    public void SetBlocking(Socket socket, bool blocking) => io.SetBlocking(socket, blocking);

    public int Unacknowledged(Socket socket) => io.Unacknowledged(socket);
}
