using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>The same calls by the base class library alone, for systems without Linux's system calls.</summary>
/// <remarks>
/// Its sockets never block in the kernel, because a managed blocking call can neither be let go of without loss nor trusted to
/// report how much it sent. A blocking call is a poll of up to <see cref="PatienceMicroseconds"/> and then the call: two calls
/// instead of one, and every count is true.
/// </remarks>
public sealed class ManagedSocketIo : ISocketIo
{
    /// <summary>How long a blocking call waits before it returns to let the model look at its stop signal, in microseconds.</summary>
    public const int PatienceMicroseconds = 50_000;

    private readonly System.Runtime.CompilerServices.ConditionalWeakTable<Socket, object> _blocking = [];

    public Socket? Accept(Socket listener, bool blocking, out SocketError error)
    {
        Socket? accepted = null;
        error = Wait(listener, SelectMode.SelectRead);
        if (error != SocketError.Success)
            return null;

        try
        {
            accepted = listener.Accept();
            accepted.NoDelay = true;
            accepted.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);
            SetBlocking(accepted, blocking);
            return accepted;
        }
        catch (SocketException refused)
        {
            accepted?.Dispose();
            error = refused.SocketErrorCode;
            return null;
        }
    }

    public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error)
    {
        error = Wait(socket.Socket, SelectMode.SelectRead);
        return error == SocketError.Success ? socket.Socket.Receive(buffer, SocketFlags.None, out error) : -1;
    }

    public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        error = Wait(socket.Socket, SelectMode.SelectWrite);
        return error == SocketError.Success ? socket.Socket.Send(bytes, SocketFlags.None, out error) : -1;
    }

    public void SetBlocking(Socket socket, bool blocking)
    {
        socket.Blocking = false;
        if (blocking)
            _blocking.AddOrUpdate(socket, this);
        else
            _blocking.Remove(socket);
    }

    public int Unacknowledged(Socket socket) => 0;

    private SocketError Wait(Socket socket, SelectMode mode) =>
        !_blocking.TryGetValue(socket, out _) || socket.Poll(PatienceMicroseconds, mode) ? SocketError.Success : SocketError.WouldBlock;
}
