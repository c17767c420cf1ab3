using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>Lets a test do something on the model's own thread, in the midst of a receive.</summary>
internal sealed class HookedIo(ISocketIo io) : ISocketIo
{
    private Action? _deed;

    /// <summary>Before the next receive, and only then.</summary>
    public void Once(Action deed) => Volatile.Write(ref _deed, deed);

    public Socket? Accept(Socket listener, bool blocking, out SocketError error) => io.Accept(listener, blocking, out error);

    public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error)
    {
        Interlocked.Exchange(ref _deed, null)?.Invoke();
        return io.Receive(socket, buffer, out error);
    }

    public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error) => io.Send(socket, bytes, out error);

    public void SetBlocking(Socket socket, bool blocking) => io.SetBlocking(socket, blocking);

    public int Unacknowledged(Socket socket) => io.Unacknowledged(socket);
}
