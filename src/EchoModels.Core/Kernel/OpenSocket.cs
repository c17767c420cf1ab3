using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>A socket, and beside it the number that the kernel knows it by.</summary>
/// <remarks>
/// <see cref="Socket.Handle"/> would say the same, at the price of two more objects to look at for each call. Among a thousand
/// connections they are not in the processor's cache any more when their turn comes again.
/// </remarks>
public readonly record struct OpenSocket(Socket Socket, int Descriptor)
{
    private const int None = -1;

    public static implicit operator OpenSocket(Socket socket) => new(socket, socket.SafeHandle.IsClosed ? None : (int)socket.Handle);

    /// <summary>The same after it was closed. Its number may be a stranger's by now: a call that begins after that gets EBADF.</summary>
    /// <remarks>A call that is under way holds nothing back. Who closes a socket is therefore always the one who makes the calls on it.</remarks>
    public OpenSocket Closed() => this with { Descriptor = None };
}
