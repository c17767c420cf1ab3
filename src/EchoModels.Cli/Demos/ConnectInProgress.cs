using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Cli.CommandLine;
using EchoModels.Posix;

namespace EchoModels.Cli.Demos;

/// <summary>connect(2) on a non-blocking socket: the handshake has begun, and who sends before its end, sends nothing.</summary>
/// <remarks>
/// A socket becomes writable when its handshake is over, well or not, and SO_ERROR tells which: see EINPROGRESS in connect(2). To
/// have time to look, the server is one whose backlog is full. Its kernel drops the request, and ours repeats it after a second
/// (RFC 6298, 2.1).
/// </remarks>
internal sealed class ConnectInProgress(Stage stage)
{
    /// <summary>How long an answer may take, in milliseconds.</summary>
    private const int Patience = 10_000;

    private static readonly byte[] Hello = [.. "hello"u8];

    /// <summary>Plays it: twice a client that does not wait, once with a busy server, and once with none.</summary>
    /// <exception cref="RunFailedException">This is not Linux.</exception>
    public static void Play(Stage stage)
    {
        if (!OperatingSystem.IsLinux())
            throw new RunFailedException("connect-in-progress: cannot be had here; it shows Linux's own calls");

        ConnectInProgress play = new(stage);
        play.CallOneWhoIsBusy();
        play.CallNobody();
        stage.Close(
            "So a client that does not wait asks a selector when its socket is writable,",
            "and then SO_ERROR how it went. `echomodels client` begins like that with all.");
    }

    private void CallOneWhoIsBusy()
    {
        using Socket server = NewSocket();
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen(0); // means: one may wait
        using Socket earlier = NewSocket();
        earlier.Connect(server.LocalEndPoint!);
        using Socket client = NewSocket();
        client.Blocking = false;

        stage.Scene("1. A server whose backlog is full");
        Connect(client, server, -Errno.EINPROGRESS, "The handshake has begun, and nobody waits for its end. This is no failure.");
        Send(client, -Errno.EAGAIN, "Too early: not a byte has gone. Who takes this for 'sent' has lost it.");
        Connect(client, server, -Errno.EALREADY, "Asking once more does not make it faster.");
        Poll(client, 0, 0, "Not writable: still under way. To ask in a loop would be busy-polling.");

        using Socket first = server.Accept();
        stage.Aside("the server accepts the one before: there is room in the backlog");
        Poll(client, Patience, 1, "Writable: the handshake is over. The kernel repeats a request after a second.");
        AskHowItWent(client, 0, "And it went well: connected.");
        Send(client, Hello.Length, "Now every byte goes.");

        using Socket second = server.Accept();
        byte[] received = new byte[Hello.Length];
        int count = second.Receive(received);
        stage.Aside(string.Create(CultureInfo.InvariantCulture, $"the server accepts it, and receives {count} bytes"));
    }

    private void CallNobody()
    {
        using Socket nobody = NewSocket();
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // and does not listen
        using Socket client = NewSocket();
        client.Blocking = false;

        stage.Scene("2. A port where nobody listens");
        Connect(client, nobody, -Errno.EINPROGRESS, "The same answer: nothing is known yet.");
        Poll(client, Patience, 1, "Writable, too: the handshake is over, one way or the other.");
        AskHowItWent(client, Errno.ECONNREFUSED, "Only this tells which: refused.");
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private void Connect(Socket client, Socket server, int expected, string lesson)
    {
        Span<byte> address = server.LocalEndPoint!.Serialize().Buffer.Span;
        int result = Stage.ResultOf(Libc.Connect(client.SafeHandle, address, (uint)address.Length));
        stage.Call($"connect({server.LocalEndPoint})", result, expected, lesson);
    }

    private void Send(Socket client, int expected, string lesson)
    {
        int result = Stage.ResultOf(Libc.Send((int)client.Handle, Hello, Libc.MSG_NOSIGNAL));
        stage.Call(string.Create(CultureInfo.InvariantCulture, $"send({Hello.Length} bytes)"), result, expected, lesson);
    }

    private void Poll(Socket client, int milliseconds, int expected, string lesson)
    {
        PollFd[] sockets = [new() { Descriptor = (int)client.Handle, Events = Libc.POLLOUT }];
        long begun = Stopwatch.GetTimestamp();
        int result = Stage.ResultOf(Libc.Poll(sockets, 1, milliseconds));
        TimeSpan waited = Stopwatch.GetElapsedTime(begun);
        stage.Call(string.Create(CultureInfo.InvariantCulture, $"poll(POLLOUT, {milliseconds} ms)"), result, expected, lesson);
        if (milliseconds > 0)
            stage.Aside(string.Create(CultureInfo.InvariantCulture, $"it slept for {waited.TotalMilliseconds:0} ms"));
    }

    private void AskHowItWent(Socket client, int expected, string lesson)
    {
        Span<byte> error = stackalloc byte[sizeof(int)];
        client.GetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_ERROR, error);
        int errno = MemoryMarshal.Read<int>(error);
        stage.Ask("getsockopt(SO_ERROR)", errno, expected, lesson);
    }
}
