using System.Net;
using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>Begins a connection without waiting for it, and learns later what became of it.</summary>
internal static class Handshake
{
    /// <summary>Begins one: connect(2) says "in progress", and the socket becomes writable when the handshake is over.</summary>
    public static Fault Begin(IPEndPoint server, out Socket? socket)
    {
        socket = null;
        try
        {
            // Not blocking, and without Nagle: a short message must not wait for the echo of the one before.
            socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, NoDelay = true };
            if (socket.Handle >= DescriptorLimit.Current - DescriptorLimit.Headroom)
                return GiveUp(ref socket, Fault.NoDescriptor);

            socket.Connect(server);
            return Fault.None;
        }
        catch (SocketException refusal)
        {
            // The managed connect knows no other way to say "in progress": one exception a connection, and none a message.
            Fault fault = FaultOf(refusal.SocketErrorCode);
            return fault == Fault.None ? fault : GiveUp(ref socket, fault);
        }
    }

    /// <summary>Asks a socket that has become writable how its handshake ended. See SO_ERROR in socket(7).</summary>
    public static Fault Finish(Socket socket) =>
        FaultOf((SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!);

    /// <summary>Connects one socket and waits for it.</summary>
    /// <returns>Null if it failed.</returns>
    public static Socket? Connect(IPEndPoint server, TimeSpan timeout, out Fault fault)
    {
        fault = Begin(server, out Socket? socket);
        if (socket is null)
            return null;

        fault = socket.Poll(timeout, SelectMode.SelectWrite) ? Finish(socket) : Fault.ConnectTimeout;
        if (fault != Fault.None)
            GiveUp(ref socket, fault);

        return socket;
    }

    private static Fault GiveUp(ref Socket? socket, Fault fault)
    {
        socket?.Dispose();
        socket = null;
        return fault;
    }

    private static Fault FaultOf(SocketError error) => error switch
    {
        SocketError.Success or SocketError.WouldBlock or SocketError.InProgress => Fault.None,
        SocketError.ConnectionRefused => Fault.Refused,
        SocketError.TimedOut => Fault.ConnectTimeout,
        SocketError.TooManyOpenSockets => Fault.NoDescriptor,
        _ => Fault.ConnectFailed,
    };
}
