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
internal sealed class InteractiveClient(IPEndPoint server, TimeSpan timeout, IKernel kernel, ISelector selector)
{
    /// <summary>If nothing more arrives for this long, the answer counts as complete, and the prompt is shown.</summary>
    private static readonly TimeSpan IdleBeforePrompt = TimeSpan.FromMilliseconds(30);

    /// <summary>How often the receiving thread checks, while nothing arrives, whether the input has ended.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly Transcript _transcript = new(Console.Out, withPrompt: !Console.IsInputRedirected && !Console.IsOutputRedirected);
    private readonly byte[] _buffer = new byte[16 * 1024];
    private volatile bool _inputEnded;
    private volatile IOException? _inputError;

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
            if (!IsReadable(IdleBeforePrompt))
                _transcript.Prompt();
        }

        _transcript.End();
        if (_inputError is { } error)
            throw error;
        if (!_inputEnded)
            StdErr.WriteLine("the server closed the connection");
    }

    private SocketHandle Connect()
    {
        int number = Handshake.Connect(kernel, selector, server, timeout, out Fault fault);
        return number >= 0 ? new SocketHandle(number) : throw Failed(fault switch
        {
            Fault.Refused => "connection refused",
            Fault.ConnectTimeout => $"no answer within {TimeoutText}",
            _ => "no connection: no route, no free port or no descriptor",
        });
    }

    private bool IsReadable(TimeSpan limit) => !selector.Wait((int)limit.TotalMilliseconds).IsEmpty;

    /// <summary>Receives the next bytes from the server; 0 at the end of the stream.</summary>
    private int Receive(SocketHandle socket)
    {
        long silentSince = 0;
        while (true)
        {
            if (IsReadable(PollInterval))
            {
                int count = kernel.Receive(socket, _buffer, out SocketError error);
                if (error == SocketError.Success)
                    return count;
                if (error is not (SocketError.WouldBlock or SocketError.Interrupted))
                    throw Failed("connection reset by the server");
            }
            else if (_inputEnded && silentSince == 0)
            {
                silentSince = Clock.Now;
            }
            else if (_inputEnded && Clock.Now - silentSince > Clock.From(timeout))
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

    private RunFailedException Failed(string what) => new($"{what} ({server})");
}
