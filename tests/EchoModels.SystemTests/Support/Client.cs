using System.Net;
using System.Net.Sockets;

namespace EchoModels.SystemTests.Support;

/// <summary>A TCP client that checks every byte of its echo.</summary>
internal sealed class Client : IDisposable
{
    public Client(Server server) : this(server.Port)
    {
    }

    public Client(int port) : this(new IPEndPoint(IPAddress.Loopback, port))
    {
    }

    public Client(IPEndPoint server, int receiveBuffer = 0)
    {
        Socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)Limit.Generous.TotalMilliseconds,
            SendTimeout = (int)Limit.Generous.TotalMilliseconds,
        };
        if (receiveBuffer > 0)
            Socket.ReceiveBufferSize = receiveBuffer;

        Socket.Connect(server);
    }

    public Socket Socket { get; }

    /// <summary>Its address, as the server writes it.</summary>
    public string Name => Socket.LocalEndPoint!.ToString()!;

    public static byte[] RandomBytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Whether another client can connect: the server accepts it, or it is in the backlog.</summary>
    public static bool CanConnect(Server server) => CanConnect(server.Port);

    public static bool CanConnect(int port)
    {
        try
        {
            using Client client = new(port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Connects several clients, one after the other; the caller disposes of them.</summary>
    public static List<Client> Open(Server server, int count)
    {
        Needs.Descriptors(count + 500); // in the server it is the same limit
        List<Client> clients = [];
        for (int i = 0; i < count; i++)
            clients.Add(new Client(server));

        return clients;
    }

    /// <summary>Sends a message and receives its echo.</summary>
    public void Echo(ReadOnlySpan<byte> message)
    {
        Send(message);
        Expect(message);
    }

    public void Echo(string message) => Echo(System.Text.Encoding.UTF8.GetBytes(message));

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[Socket.Send(bytes)..];
    }

    /// <summary>Receives exactly these bytes.</summary>
    public void Expect(ReadOnlySpan<byte> bytes)
    {
        byte[] buffer = new byte[Math.Min(bytes.Length, 65536)];
        while (!bytes.IsEmpty)
        {
            int count = Socket.Receive(buffer.AsSpan(0, Math.Min(buffer.Length, bytes.Length)));
            Assert.True(count > 0, $"{Name}: the server closed with {bytes.Length} bytes to come");
            Assert.True(buffer.AsSpan(0, count).SequenceEqual(bytes[..count]), $"{Name}: other bytes came back, {bytes.Length} before the end");
            bytes = bytes[count..];
        }
    }

    /// <summary>Receives the end of the stream (FIN), and nothing before it.</summary>
    public void ExpectEnd() => Assert.Equal(0, Socket.Receive(new byte[1]));

    /// <summary>Closes, and waits until the server has closed its end.</summary>
    public void CloseAndAwaitEnd()
    {
        Socket.Shutdown(SocketShutdown.Send);
        ExpectEnd();
        Dispose();
    }

    /// <summary>Aborts the connection (RST).</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Dispose();
    }

    public void Dispose() => Socket.Dispose();
}
