using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.CommandLine;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>One connection and a human: what is typed goes out line by line, and whatever comes back is printed when it comes.</summary>
/// <remarks>
/// Two threads, one for each direction: neither the human nor the server has to wait for the other's turn. The terminal
/// edits and hands over whole lines by itself, so bytes are passed on as they were typed.
/// </remarks>
internal sealed class InteractiveClient(IPEndPoint server, TimeSpan timeout, ISocketIo io)
{
    /// <summary>A server that has been quiet for so long is not in the middle of an answer.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

    /// <summary>How often is looked whether our end of stream is out, while nothing comes.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly Transcript _transcript = new(Console.Out, withPrompt: !Console.IsInputRedirected && !Console.IsOutputRedirected);
    private readonly byte[] _buffer = new byte[16 * 1024];
    private volatile bool _ended;

    /// <summary>Talks until the server has closed.</summary>
    /// <exception cref="RunFailedException">There is no connection, it was reset, or the server does not close after us.</exception>
    public void Run()
    {
        using Socket socket = Connect();
        io.SetBlocking(socket, blocking: true);
        _transcript.Prompt();
        new Thread(() => SendInput(socket)) { IsBackground = true, Name = "input" }.Start();

        int count;
        while ((count = Receive(socket)) > 0)
        {
            _transcript.Print(_buffer.AsSpan(0, count));
            if (!socket.Poll(Pause, SelectMode.SelectRead))
                _transcript.Prompt();
        }

        _transcript.End();
        if (!_ended)
            StdErr.WriteLine("the server closed the connection");
    }

    private Socket Connect() => Handshake.Connect(server, timeout, out Fault fault) ?? throw Failed(fault switch
    {
        Fault.Refused => "connection refused",
        Fault.ConnectTimeout => $"no answer within {Patience}",
        _ => "no connection: no route, no free port or no descriptor",
    });

    /// <summary>The next bytes from the server; 0 when it has ended the stream.</summary>
    private int Receive(Socket socket)
    {
        long silentSince = 0;
        while (true)
        {
            if (socket.Poll(PollInterval, SelectMode.SelectRead))
            {
                int count = io.Receive(socket, _buffer, out SocketError error);
                if (error == SocketError.Success)
                    return count;
                if (error is not (SocketError.WouldBlock or SocketError.Interrupted))
                    throw Failed("connection reset by the server");
            }
            else if (_ended && silentSince == 0)
            {
                silentSince = Clock.Now;
            }
            else if (_ended && Clock.Now - silentSince > Clock.From(timeout))
            {
                throw Failed($"connection not closed by the server within {Patience}");
            }
        }
    }

    /// <summary>Sends what is typed until there is no more (Ctrl+D), and then the end of the stream.</summary>
    private void SendInput(Socket socket)
    {
        byte[] line = new byte[16 * 1024];
        try
        {
            for (int count = 1; count > 0;)
            {
                count = TypedInput.Read(line);
                SendAll(socket, line.AsSpan(0, count));
            }

            _ended = true;
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // The server has gone, and the receiving thread says so.
        }
    }

    private void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count = io.Send(socket, bytes, out SocketError error);
            if (error == SocketError.Success)
                bytes = bytes[count..];
            else if (error is not (SocketError.WouldBlock or SocketError.Interrupted))
                throw new SocketException((int)error);
        }
    }

    private string Patience => FormattableString.Invariant($"{timeout.TotalSeconds:0.###}s");

    private RunFailedException Failed(string what) => new($"{what} ({server})");
}
