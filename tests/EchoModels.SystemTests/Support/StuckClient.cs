using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EchoModels.SystemTests.Windows;

namespace EchoModels.SystemTests.Support;

/// <summary>A client that has sent until the server could not send back any more, and has not begun to read.</summary>
/// <remarks>Every byte that it has sent has arrived in the server's kernel, so that the server has to echo every one.</remarks>
internal sealed class StuckClient : IDisposable
{
    private const int Step = 64 * 1024;
    private const int Most = 64 * 1024 * 1024;

    private readonly Client _client;
    private readonly byte[] _step = Client.RandomBytes(new Random(7), Step);
    private long _read;

    public StuckClient(Server server) : this(server.Port, server.Status)
    {
    }

    public StuckClient(Window window) : this(window.Port, window.Status)
    {
    }

    /// <summary>To ask that one's status takes too long: it has received everything when nothing is unread in the kernel.</summary>
    public StuckClient(WindowsServer server) : this(server.Port, client => KernelQueue.Unread(client.Socket) == 0)
    {
    }

    private StuckClient(int port, Func<JsonElement> status) : this(port, new ReceivedBytes(status).HaveReached)
    {
    }

    private StuckClient(int port, Func<StuckClient, bool> hasReceivedAll)
    {
        _client = new Client(new IPEndPoint(IPAddress.Loopback, port), receiveBuffer: 4096);
        do
        {
            _client.Send(_step);
            Sent += Step;
            Limit.Until(() => Native.Unacknowledged(_client.Socket) == 0, "everything sent has arrived");
            Assert.True(Sent < Most, "the server takes any amount from a client that does not read");
        }
        while (Limit.Within(TimeSpan.FromMilliseconds(300), () => hasReceivedAll(this)));
    }

    private Socket Socket => _client.Socket;

    /// <summary>Bytes that it has sent, and that have to come back.</summary>
    public long Sent { get; private set; }

    /// <summary>Reads until a condition is true.</summary>
    public void ReadUntil(Func<bool> condition)
    {
        while (!condition())
            ReadStep();
    }

    /// <summary>Reads everything that it has sent, and then the end of the stream.</summary>
    public void ReadToEnd()
    {
        ReadAllBytes();
        _client.ExpectEnd();
    }

    /// <summary>Reads everything that it has sent.</summary>
    public void ReadAllBytes()
    {
        while (_read < Sent)
            ReadStep();
    }

    /// <summary>Sends some bytes that it will not read.</summary>
    public void SendMore() => _client.Send(_step.AsSpan(0, 16 * 1024));

    public void Dispose() => _client.Dispose();

    private void ReadStep()
    {
        _client.Expect(_step);
        _read += Step;
    }

    /// <summary>The bytes that a server says to have received since the client was made.</summary>
    private sealed class ReceivedBytes(Func<JsonElement> status)
    {
        private readonly long _before = BytesIn(status());

        public bool HaveReached(StuckClient client) => BytesIn(status()) - _before == client.Sent;

        private static long BytesIn(JsonElement status) => status.GetProperty("bytesIn").GetInt64();
    }
}
