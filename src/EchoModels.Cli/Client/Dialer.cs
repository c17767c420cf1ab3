using System.Net;
using System.Net.Sockets;

namespace EchoModels.Cli.Client;

/// <summary>Begins connections without waiting for them, and learns later what became of each.</summary>
internal sealed class Dialer : IDisposable
{
    /// <summary>Sockets that are held only to be let go when descriptors run out: the runtime needs some to load what it runs next.</summary>
    private readonly List<Socket> _reserve = [];
    private readonly IPEndPoint _server;

    public Dialer(IPEndPoint server)
    {
        const int Spare = 8;
        _server = server;
        for (int i = 0; i < Spare; i++)
            _reserve.Add(NewSocket());
    }

    /// <summary>Begins one: connect(2) says "in progress", and the socket becomes writable when the handshake is over.</summary>
    public Fault Begin(out Socket? socket)
    {
        socket = null;
        try
        {
            socket = NewSocket();
            socket.Connect(_server);
        }
        catch (SocketException refusal)
        {
            // The managed connect knows no other way to say "in progress": one exception a connection, and none a message.
            Fault fault = FaultOf(refusal.SocketErrorCode);
            if (fault != Fault.None)
                GiveUp(ref socket, fault);

            return fault;
        }

        return Fault.None;
    }

    /// <summary>Asks a socket that has become writable how its handshake ended. See SO_ERROR in socket(7).</summary>
    public static Fault Finish(Socket socket) =>
        FaultOf((SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!);

    /// <summary>Connects one socket and waits for it.</summary>
    /// <returns>Null if it failed.</returns>
    public Socket? Connect(TimeSpan timeout, out Fault fault)
    {
        fault = Begin(out Socket? socket);
        if (socket is null)
            return null;

        fault = socket.Poll(timeout, SelectMode.SelectWrite) ? Finish(socket) : Fault.ConnectTimeout;
        if (fault != Fault.None)
            GiveUp(ref socket, fault);

        return socket;
    }

    public void Dispose()
    {
        _reserve.ForEach(socket => socket.Dispose());
        _reserve.Clear();
    }

    private void GiveUp(ref Socket? socket, Fault fault)
    {
        socket?.Dispose();
        socket = null;
        if (fault == Fault.NoDescriptor)
            Dispose();
    }

    /// <summary>Not blocking, and without Nagle: a short message must not wait for the echo of the one before.</summary>
    private Socket NewSocket() => new(_server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, NoDelay = true };

    private static Fault FaultOf(SocketError error) => error switch
    {
        SocketError.Success or SocketError.WouldBlock or SocketError.InProgress => Fault.None,
        SocketError.ConnectionRefused => Fault.Refused,
        SocketError.TimedOut => Fault.ConnectTimeout,
        SocketError.TooManyOpenSockets => Fault.NoDescriptor,
        _ => Fault.ConnectFailed,
    };
}
