using System.Net;
using System.Text.Json;

namespace EchoModels.SystemTests.Support;

/// <summary>A client that has sent until the server could not send back any more, and has not begun to read.</summary>
/// <remarks>Every byte it has sent has arrived in the server's kernel, so that the server owes every one.</remarks>
internal sealed class StuckClient : IDisposable
{
    private const int Step = 64 * 1024;
    private const int Most = 64 * 1024 * 1024;

    private readonly Client _client;
    private readonly byte[] _step = Client.RandomBytes(new Random(7), Step);

    public StuckClient(Server server) : this(server.Port, server.Status)
    {
    }

    public StuckClient(Window window) : this(window.Port, window.Status)
    {
    }

    private StuckClient(int port, Func<JsonElement> status)
    {
        long before = BytesIn(status());
        _client = new Client(new IPEndPoint(IPAddress.Loopback, port), receiveBuffer: 4096);
        do
        {
            _client.Send(_step);
            Sent += Step;
            Timing.Eventually(() => Native.Unacknowledged(_client.Socket) == 0, "what was sent has arrived");
            Assert.True(Sent < Most, "the server takes any amount from a client that does not read");
        }
        while (Timing.Within(TimeSpan.FromMilliseconds(300), () => BytesIn(status()) - before == Sent));
    }

    /// <summary>Bytes that it has sent, and wants back.</summary>
    public long Sent { get; private set; }

    /// <summary>Begins to read: every byte comes back, and then the end of the stream.</summary>
    public void ReadAll()
    {
        ReadAllButTheEnd();
        _client.ExpectEnd();
    }

    /// <summary>Begins to read: every byte comes back.</summary>
    public void ReadAllButTheEnd()
    {
        for (long read = 0; read < Sent; read += Step)
            _client.Expect(_step);
    }

    /// <summary>Sends some bytes that it will not wait for.</summary>
    public void SendMore() => _client.Send(_step.AsSpan(0, 16 * 1024));

    public void Dispose() => _client.Dispose();

    private static long BytesIn(JsonElement status) => status.GetProperty("bytesIn").GetInt64();
}
