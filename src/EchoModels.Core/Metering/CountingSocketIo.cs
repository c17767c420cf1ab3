using System.Net.Sockets;
using EchoModels.Sockets;

namespace EchoModels.Metering;

/// <summary>Counts the calls on sockets, what they brought, and those that brought nothing.</summary>
public sealed class CountingSocketIo(ISocketIo io, Tally tally) : ISocketIo
{
    public Socket? Accept(Socket listener, bool blocking, out SocketError error)
    {
        Socket? accepted = io.Accept(listener, blocking, out error);
        Count(Counted.Accept, error);
        return accepted;
    }

    public int Receive(OpenSocket socket, Span<byte> buffer, out SocketError error)
    {
        int count = io.Receive(socket, buffer, out error);
        Count(Counted.Receive, error);
        if (count > 0)
        {
            tally.Add(Counted.Message);
            tally.Add(Counted.ByteIn, count);
        }

        return count;
    }

    public int Send(OpenSocket socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        int count = io.Send(socket, bytes, out error);
        Count(Counted.Send, error);
        if (count > 0)
            tally.Add(Counted.ByteOut, count);

        return count;
    }

    public void SetBlocking(Socket socket, bool blocking) => io.SetBlocking(socket, blocking);

    public int Unacknowledged(Socket socket) => io.Unacknowledged(socket);

    private void Count(Counted call, SocketError error)
    {
        tally.Add(call);
        if (error == SocketError.WouldBlock)
            tally.Add(Counted.WouldBlock);
    }
}
