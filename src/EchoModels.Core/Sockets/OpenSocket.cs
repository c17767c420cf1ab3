using System.Net.Sockets;

namespace EchoModels.Sockets;

/// <summary>A socket, and beside it the handle that system calls go by.</summary>
/// <remarks>
/// <see cref="Socket.SafeHandle"/> would say the same, at the price of one more object to look at for each call. Among a thousand
/// connections it is not in the processor's cache any more when its turn comes again.
/// </remarks>
public readonly record struct OpenSocket(Socket Socket, SafeSocketHandle Handle)
{
    public static implicit operator OpenSocket(Socket socket) => new(socket, socket.SafeHandle);
}
