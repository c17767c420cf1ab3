using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Demos;

/// <summary>connect(2) on a non-blocking socket: the call only starts the handshake, and a send before its end sends nothing.</summary>
/// <remarks>
/// A socket becomes writable when its handshake has ended, successfully or not, and SO_ERROR tells which: see EINPROGRESS in
/// connect(2). To make the handshake slow enough to observe, the server's backlog is full: its kernel drops the request, and the
/// client's kernel repeats it after a second (RFC 6298, 2.1).
/// </remarks>
internal sealed class ConnectInProgress(DemoOutput output)
{
    /// <summary>The longest wait for the end of a handshake, in milliseconds.</summary>
    private const int Timeout = 10_000;

    private static readonly byte[] Hello = [.. "hello"u8];

    /// <summary>Connects twice without waiting: to a server whose backlog is full, and to a port without a server.</summary>
    /// <exception cref="RunFailedException">This is not Linux.</exception>
    public static void Run(DemoOutput output)
    {
        if (!OperatingSystem.IsLinux())
            throw new RunFailedException("connect-in-progress: not available; it shows Linux's own calls");

        ConnectInProgress demo = new(output);
        demo.ConnectToFullBacklog();
        demo.ConnectToClosedPort();
        output.Conclusion(
            "So a client that does not wait asks a selector when its socket is writable,",
            "and then SO_ERROR for the result. `echomodels client` connects like that.");
    }

    private void ConnectToFullBacklog()
    {
        using Socket server = NewSocket();
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen(0); // room for one
        using Socket earlier = NewSocket();
        earlier.Connect(server.LocalEndPoint!);
        using Socket client = NewSocket();
        client.Blocking = false;

        output.Section("1. A server whose backlog is full");
        Connect(client, server, -Errno.EINPROGRESS, "The handshake has started; connect does not wait for its end. This is not a failure.");
        Send(client, -Errno.EAGAIN, "Too early: no byte was sent. A program that takes this for success loses the bytes.");
        Connect(client, server, -Errno.EALREADY, "A second call does not make it faster.");
        Poll(client, 0, 0, "Not writable: still in progress. To ask in a loop would be busy-polling.");

        using Socket first = server.Accept();
        output.Remark("the server accepts the earlier client: there is room in the backlog");
        Poll(client, Timeout, 1, "Writable: the handshake has ended. The kernel repeats a dropped request after a second.");
        GetError(client, 0, "Successfully: the client is connected.");
        Send(client, Hello.Length, "Now every byte is sent.");

        using Socket second = server.Accept();
        byte[] received = new byte[Hello.Length];
        int count = second.Receive(received);
        output.Remark(string.Create(CultureInfo.InvariantCulture, $"the server accepts the client, and receives {count} bytes"));
    }

    private void ConnectToClosedPort()
    {
        using Socket bound = NewSocket();
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // and does not listen
        using Socket client = NewSocket();
        client.Blocking = false;

        output.Section("2. A port without a server");
        Connect(client, bound, -Errno.EINPROGRESS, "The same answer: the result is not known yet.");
        Poll(client, Timeout, 1, "Writable, too: the handshake has ended, one way or the other.");
        GetError(client, Errno.ECONNREFUSED, "Only this call tells which: refused.");
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private void Connect(Socket client, Socket server, int expected, string lesson)
    {
        Span<byte> address = server.LocalEndPoint!.Serialize().Buffer.Span;
        int result = DemoOutput.ResultOf(Libc.Connect(client.SafeHandle, address, (uint)address.Length));
        output.Call($"connect({server.LocalEndPoint})", result, expected, lesson);
    }

    private void Send(Socket client, int expected, string lesson)
    {
        int result = DemoOutput.ResultOf(Libc.Send(client.SafeHandle, Hello, (nuint)Hello.Length, Libc.MSG_NOSIGNAL));
        output.Call(string.Create(CultureInfo.InvariantCulture, $"send({Hello.Length} bytes)"), result, expected, lesson);
    }

    private void Poll(Socket client, int milliseconds, int expected, string lesson)
    {
        PollFd[] sockets = [new() { Descriptor = (int)client.Handle, Events = Libc.POLLOUT }];
        long start = Stopwatch.GetTimestamp();
        int result = DemoOutput.ResultOf(Libc.Poll(sockets, 1, milliseconds));
        TimeSpan waited = Stopwatch.GetElapsedTime(start);
        output.Call(string.Create(CultureInfo.InvariantCulture, $"poll(POLLOUT, {milliseconds} ms)"), result, expected, lesson);
        if (milliseconds > 0)
            output.Remark(string.Create(CultureInfo.InvariantCulture, $"it slept for {waited.TotalMilliseconds:0} ms"));
    }

    private void GetError(Socket client, int expected, string lesson)
    {
        Span<byte> error = stackalloc byte[sizeof(int)];
        client.GetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_ERROR, error);
        output.ErrorCall("getsockopt(SO_ERROR)", MemoryMarshal.Read<int>(error), expected, lesson);
    }
}
