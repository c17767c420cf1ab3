using System.Net;
using System.Net.Sockets;

namespace EchoModels.Tests.Support;

/// <summary>Sockets for a selector to watch.</summary>
internal static class TestSockets
{
    /// <summary>Two ends of one connection; the near one does not block.</summary>
    public static (Socket Near, Socket Far) Pair()
    {
        using Socket listener = Listening();
        Socket far = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        far.Connect(listener.LocalEndPoint!);
        Socket near = listener.Accept();
        near.Blocking = false;
        return (near, far);
    }

    public static Socket Listening()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    /// <summary>A UDP socket: it takes one descriptor, and one datagram makes it readable.</summary>
    public static Socket Datagram()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    /// <summary>Makes a UDP socket readable.</summary>
    public static void SendTo(Socket socket)
    {
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.SendTo([1], socket.LocalEndPoint!);
    }

    /// <summary>Fills every queue from the near end to the far one.</summary>
    public static void Fill(Socket near)
    {
        byte[] bytes = new byte[64 * 1024];
        for (int attempts = 0; attempts < 5;)
        {
            near.Send(bytes, SocketFlags.None, out SocketError error);
            attempts = error == SocketError.Success || near.Poll(20_000, SelectMode.SelectWrite) ? 0 : attempts + 1;
        }
    }

    /// <summary>Aborts the connection (RST).</summary>
    public static void Reset(Socket far)
    {
        far.LingerState = new LingerOption(true, 0);
        far.Dispose();
    }
}
