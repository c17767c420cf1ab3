using System.Net;
using System.Net.Sockets;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <content>The calls that make a socket.</content>
public sealed partial class LinuxKernel
{
    public int Listen(IPEndPoint endPoint, int backlog, out IPEndPoint bound)
    {
        SocketHandle socket = Open(endPoint.AddressFamily, Libc.SOCK_STREAM);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                Demand(SetFlag(socket, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY));

            // A server that restarts must not wait for its old connections' TIME_WAIT. (SO_REUSEPORT would let two servers share one port
            // without either of them knowing.) The other two are inherited by every accepted socket: no Nagle, as an echo must not wait for
            // the peer's delayed ACK; and urgent data stays in the stream (RFC 6093), so that it is echoed like every other byte.
            Demand(SetFlag(socket, Libc.SOL_SOCKET, Libc.SO_REUSEADDR));
            Demand(SetFlag(socket, Libc.IPPROTO_TCP, Libc.TCP_NODELAY));
            Demand(SetFlag(socket, Libc.SOL_SOCKET, Libc.SO_OOBINLINE));

            Demand(Bind(socket, endPoint));
            DemandIsOfOneMachine(endPoint);
            Call call = new(SystemCall.Listen, socket, backlog);
            observer.Began(in call);
            Ended(in call, Libc.Listen(socket.Number, backlog), out SocketError error);
            Demand(error);
            bound = LocalEndPoint(socket);
            return socket.Number;
        }
        catch
        {
            Close(socket);
            throw;
        }
    }

    public int Connect(IPEndPoint server, out SocketError error)
    {
        SocketHandle socket;
        try
        {
            socket = Open(server.AddressFamily, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK);
        }
        catch (SocketException refusal)
        {
            error = refusal.SocketErrorCode;
            return -1;
        }

        // A short message must not wait for the echo of the one before (Nagle).
        SetFlag(socket, Libc.IPPROTO_TCP, Libc.TCP_NODELAY);
        error = Connect(socket, server);
        if (error is SocketError.Success or SocketError.InProgress)
            return socket.Number;

        Close(socket);
        return -1;
    }

    public int OpenDatagramToItself()
    {
        SocketHandle? opened = null;
        try
        {
            SocketHandle socket = Open(AddressFamily.InterNetwork, Libc.SOCK_DGRAM) with { Token = Token.Waker };
            opened = socket;
            if (!DescriptorLimit.LeavesEnough(socket.Number))
                Demand(SocketError.TooManyOpenSockets);

            Demand(Bind(socket, new IPEndPoint(IPAddress.Loopback, 0)));
            Demand(Connect(socket, LocalEndPoint(socket)));
            return socket.Number;
        }
        catch (SocketException refusal)
        {
            if (opened is { } socket)
                Close(socket);

            string why = refusal.SocketErrorCode == SocketError.TooManyOpenSockets ? Errno.Failure("socket", Errno.EMFILE).Message : refusal.Message;
            throw new IOException($"no socket for a waker: {why}", refusal);
        }
    }

    private SocketHandle Open(AddressFamily family, int type)
    {
        Call call = new(SystemCall.Socket);
        observer.Began(in call);
        int number = Ended(in call, Libc.Socket(SocketAddresses.Family(family), type | Libc.SOCK_CLOEXEC, 0), out SocketError error);
        Demand(error);
        return new SocketHandle(number);
    }

    private SocketError SetFlag(SocketHandle socket, int level, int option) => SetOption(socket, level, option, BitConverter.GetBytes(1));

    private SocketError Bind(SocketHandle socket, IPEndPoint endPoint)
    {
        Call call = new(SystemCall.Bind, socket);
        observer.Began(in call);
        Span<byte> address = SocketAddresses.Write(endPoint);
        Ended(in call, Libc.Bind(socket.Number, address, address.Length), out SocketError error);
        return error;
    }

    private SocketError Connect(SocketHandle socket, IPEndPoint endPoint)
    {
        Call call = new(SystemCall.Connect, socket);
        observer.Began(in call);
        Span<byte> address = SocketAddresses.Write(endPoint);
        Ended(in call, Libc.Connect(socket.Number, address, address.Length), out SocketError error);
        return error;
    }

    private IPEndPoint LocalEndPoint(SocketHandle socket)
    {
        Call call = new(SystemCall.GetSocketName, socket);
        observer.Began(in call);
        Span<byte> address = stackalloc byte[Libc.SOCKADDR_STORAGE_SIZE];
        int length = address.Length;
        Ended(in call, Libc.GetSocketName(socket.Number, address, ref length), out SocketError error);
        Demand(error);
        return SocketAddresses.Read(address[..length]);
    }

    /// <summary>A TCP socket can be bound to a broadcast or multicast address and listen there, and no client can connect to it.</summary>
    private void DemandIsOfOneMachine(IPEndPoint endPoint)
    {
        if (endPoint.AddressFamily != AddressFamily.InterNetwork || endPoint.Address.Equals(IPAddress.Any))
            return;

        const int FirstMulticast = 224;
        if (endPoint.Address.GetAddressBytes()[0] >= FirstMulticast)
            Demand(SocketError.AddressNotAvailable);

        // To which network an address is the broadcast address, the kernel knows: it refuses a datagram socket without SO_BROADCAST. See ip(7).
        SocketHandle datagrams = Open(AddressFamily.InterNetwork, Libc.SOCK_DGRAM);
        SocketError answer = Connect(datagrams, endPoint.Port == 0 ? new IPEndPoint(endPoint.Address, 1) : endPoint);
        Close(datagrams);
        if (answer == SocketError.AccessDenied)
            Demand(SocketError.AddressNotAvailable);
    }

    private static void Demand(SocketError error)
    {
        if (error != SocketError.Success)
            throw new SocketException((int)error);
    }
}
