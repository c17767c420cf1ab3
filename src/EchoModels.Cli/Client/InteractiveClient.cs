using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.CommandLine;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>One connection for a person: each typed line is sent, and received bytes are printed as they arrive.</summary>
/// <remarks>
/// One thread for each direction, so that neither waits for the other. The terminal itself edits the lines and delivers them
/// whole; the bytes are sent as they were typed.
/// </remarks>
/// <param name="servers">The addresses of the server, which are tried in turn.</param>
/// <param name="byName">Whether the server was given by a name, so that the address that answers is told.</param>
/// <param name="timeout">How long the server may take to accept the connection, and to end it after the input.</param>
/// <param name="kernel">Makes the calls.</param>
/// <param name="selector">Waits for the socket.</param>
internal sealed class InteractiveClient(IReadOnlyList<IPEndPoint> servers, bool byName, TimeSpan timeout, IKernel kernel, ISelector selector)
{
    /// <summary>If nothing more arrives for this long, the answer counts as complete, and the prompt is shown.</summary>
    private static readonly TimeSpan IdleBeforePrompt = TimeSpan.FromMilliseconds(30);

    /// <summary>How often the receiving thread checks, while nothing arrives, whether the input has ended.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly Transcript _transcript = new(Console.Out, withPrompt: !Console.IsInputRedirected && !Console.IsOutputRedirected);
    private readonly byte[] _buffer = new byte[16 * 1024];
    private volatile bool _inputEnded;
    private volatile IOException? _inputError;
    private IPEndPoint _server = servers[0];

    /// <summary>Runs until the server has closed the connection.</summary>
    /// <exception cref="RunFailedException">The connection failed, was reset, or was not closed by the server after the input had ended.</exception>
    /// <exception cref="IOException">Standard input cannot be read, or standard output not be written.</exception>
    public void Run()
    {
        StandardInput.Demand();
        StandardStreams.DemandOutput();
        SocketHandle socket = Connect();
        kernel.SetBlocking(socket, blocking: true);
        selector.Add(socket, Interest.Read);
        _transcript.Prompt();
        new Thread(() => SendInput(socket)) { IsBackground = true, Name = "input" }.Start();

        int count;
        while ((count = Receive(socket)) > 0)
        {
            _transcript.Print(_buffer.AsSpan(0, count));
            if (!IsReadable((int)IdleBeforePrompt.TotalMilliseconds))
                _transcript.Prompt();
        }

        _transcript.End();
        if (_inputError is { } error)
            throw error;
        if (!_inputEnded)
            StdErr.WriteLine("the server closed the connection");
    }

    /// <summary>Connects to the first address that accepts.</summary>
    private SocketHandle Connect()
    {
        List<string> failures = [];
        foreach (IPEndPoint server in servers)
        {
            int number = Handshake.Connect(kernel, selector, server, timeout, out Fault fault);
            if (number < 0)
            {
                failures.Add($"{server} {(fault == Fault.ConnectTimeout ? $"not answered within {TimeoutText}" : Faults.Words(fault))}");
                continue;
            }

            _server = server;
            if (byName)
                StdErr.WriteLine($"connected to {server}");

            return new SocketHandle(number);
        }

        throw new RunFailedException($"no connection: {string.Join("; ", failures)}");
    }

    /// <summary>Waits for bytes, or for the end of the stream, no longer than this.</summary>
    private bool IsReadable(int milliseconds) => !selector.Wait(milliseconds).IsEmpty;

    /// <summary>Receives the next bytes from the server; 0 at the end of the stream.</summary>
    private int Receive(SocketHandle socket)
    {
        WaitLimit? silence = null;
        while (true)
        {
            silence = _inputEnded ? silence ?? new WaitLimit(timeout) : null;
            int step = silence?.BeginStep() ?? (int)PollInterval.TotalMilliseconds;
            bool isReadable = IsReadable(step);
            silence?.EndStep();
            if (isReadable || (silence is { IsOver: true } && IsReadable(0)))
            {
                int count = kernel.Receive(socket, _buffer, out SocketError error);
                if (error == SocketError.Success)
                    return count;
                if (error is not (SocketError.WouldBlock or SocketError.Interrupted))
                    throw Failed("connection reset by the server");
            }
            else if (silence is { IsOver: true })
            {
                throw Failed($"connection not closed by the server within {TimeoutText}");
            }
        }
    }

    /// <summary>Sends the input until it ends (Ctrl+D), and then the end of the stream.</summary>
    private void SendInput(SocketHandle socket)
    {
        byte[] line = new byte[16 * 1024];
        try
        {
            for (int count = 1; count > 0;)
            {
                count = StandardInput.Read(line);
                SendAll(socket, line.AsSpan(0, count));
            }

            _inputEnded = true;
            kernel.Shutdown(socket, SocketShutdown.Send);
        }
        catch (IOException unreadable)
        {
            // The end of the stream lets the receiving thread end, which reports the error.
            _inputError = unreadable;
            _inputEnded = true;
            kernel.Shutdown(socket, SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The connection is closed or reset, which the receiving thread reports.
        }
    }

    private void SendAll(SocketHandle socket, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count = kernel.Send(socket, bytes, out SocketError error);
            if (error == SocketError.Success)
                bytes = bytes[count..];
            else if (error is not (SocketError.WouldBlock or SocketError.Interrupted))
                throw new SocketException((int)error);
        }
    }

    private string TimeoutText => FormattableString.Invariant($"{timeout.TotalSeconds:0.###}s");

    private RunFailedException Failed(string what) => new($"{what} ({_server})");
}
