using System.Net.Sockets;
using System.Text.Json;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Control;

/// <summary>Sends requests to a running server of this user and machine, over its control socket.</summary>
internal sealed class ControlClient : IDisposable
{
    /// <summary>How long an answer may take: a switch waits for the previous model to stop, and for one switch before it.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The longest answer that is accepted: a status with all its switches is some 100 KB.</summary>
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    private readonly LineStream _lines;
    private readonly int _port;

    private ControlClient(LineStream lines, int port) => (_lines, _port) = (lines, port);

    /// <summary>Connects to the server that listens on a port.</summary>
    /// <exception cref="RunFailedException">No server of this user listens there, or it does not answer.</exception>
    public static ControlClient Connect(int port, Deadline deadline)
    {
        foreach ((string path, int _) in ControlDirectory.Sockets().Where(socket => socket.Port == port))
        {
            if (TryConnect(path, port, deadline) is { } client)
                return client;

            // Otherwise a server that was killed has left the path behind.
        }

        throw new RunFailedException($"no echomodels server of yours runs on port {port}; name its port with --port");
    }

    /// <summary>Connects to a server that has been found.</summary>
    /// <exception cref="RunFailedException">It has ended meanwhile, or does not answer.</exception>
    public static ControlClient Connect(RunningServer server, Deadline deadline) =>
        TryConnect(server.Path, server.Port, deadline) ?? throw new RunFailedException($"the server on port {server.Port} has just ended");

    /// <summary>Sends a line to the server on a port, and returns the line that answers it, if it comes within a time.</summary>
    /// <exception cref="RunFailedException">No server of this user listens on the port, or it refused.</exception>
    public static string Ask(int port, string line, TimeSpan timeout)
    {
        Deadline deadline = new(timeout);
        using ControlClient server = Connect(port, deadline);
        return server.Ask(line, deadline);
    }

    /// <summary>Sends a line to a server that has been found, and returns the line that answers it.</summary>
    /// <exception cref="RunFailedException">It does not answer, or it refused.</exception>
    public static string Ask(RunningServer server, string line)
    {
        Deadline deadline = new(AnswerTimeout);
        using ControlClient client = Connect(server, deadline);
        return client.Ask(line, deadline);
    }

    /// <summary>Sends a line, and returns the first line of the answer.</summary>
    /// <exception cref="RunFailedException">None comes before the deadline, or the server refused.</exception>
    public string Ask(string line, Deadline deadline) => _lines.WriteLine(line, deadline) ? ReadLine(deadline) : throw NoAnswer(_port);

    /// <summary>Returns the next line of an answer; null if none comes before the deadline, or the server has ended.</summary>
    public string? TryReadLine(Deadline deadline) => _lines.ReadLine(MaxAnswerBytes, deadline);

    /// <summary>Returns the next line of an answer.</summary>
    /// <exception cref="RunFailedException">None comes before the deadline, or the server refused.</exception>
    public string ReadLine(Deadline deadline)
    {
        string answer = _lines.ReadLine(MaxAnswerBytes, deadline) ?? throw NoAnswer(_port);
        return ErrorIn(answer, _port) is { } error ? throw new RunFailedException(Printable.Escape(error)) : answer;
    }

    /// <summary>Waits until the server ends the connection.</summary>
    /// <returns>False if it has not until the deadline.</returns>
    public bool WaitForEnd(Deadline deadline) => _lines.WaitForEnd(deadline);

    public void Dispose() => _lines.Dispose();

    private static ControlClient? TryConnect(string path, int port, Deadline deadline)
    {
        LocalSocket socket = LocalSocket.Create();
        SocketError error = socket.Connect(path, deadline);
        if (error == SocketError.Success)
            return new ControlClient(new LineStream(socket), port);

        socket.Dispose();
        return error == SocketError.TimedOut ? throw NoAnswer(port) : null;
    }

    /// <summary>The text of a refusal; null if the answer is none.</summary>
    private static string? ErrorIn(string answer, int port)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(answer);
            return json.RootElement.TryGetProperty("error", out JsonElement error) ? error.GetString() ?? "refused" : null;
        }
        catch (JsonException)
        {
            throw NoAnswer(port);
        }
    }

    private static RunFailedException NoAnswer(int port) => new($"the server on port {port} did not answer");
}
