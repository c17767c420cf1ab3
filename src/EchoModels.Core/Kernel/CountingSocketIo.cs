using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>Counts the calls on sockets, what they brought, and those that brought nothing.</summary>
public sealed class CountingSocketIo(ISocketIo io, CallCounters counters) : ISocketIo
{
    public Socket? Accept(Socket listener, bool blocking, out SocketError error)
    {
        Socket? accepted = io.Accept(listener, blocking, out error);
        Count(Counter.Accept, error);
        return accepted;
    }

    public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error)
    {
        int count = io.Receive(socket, buffer, out error);
        Count(Counter.Receive, error);
        if (count > 0)
        {
            counters.Add(Counter.Message);
            counters.Add(Counter.ByteIn, count);
        }

        return count;
    }

    public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        int count = io.Send(socket, bytes, out error);
        Count(Counter.Send, error);
        if (count > 0)
            counters.Add(Counter.ByteOut, count);

        return count;
    }

    public void SetBlocking(Socket socket, bool blocking) => io.SetBlocking(socket, blocking);

    public int Unacknowledged(Socket socket) => io.Unacknowledged(socket);

    private void Count(Counter call, SocketError error)
    {
        counters.Add(call);
        if (error == SocketError.WouldBlock)
            counters.Add(Counter.WouldBlock);
    }
}
