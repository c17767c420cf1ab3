using System.Net.Sockets;
using System.Text.Json;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Control;

/// <summary>Sends a request to the running server of this user and machine that listens on a port.</summary>
internal static class ControlClient
{
    /// <summary>The longest answer that is accepted: a status with all its switches is some 100 KB.</summary>
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    /// <summary>How long an answer may take: a switch waits for the previous model to stop, and for one switch before it.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Sends a line, and returns the line that answers it.</summary>
    /// <exception cref="RunFailedException">No server of this user listens on the port, or it refused.</exception>
    public static string Ask(int port, string line) => Ask(port, line, AnswerTimeout);

    /// <summary>Sends a line, and returns the line that answers it, if it comes within a time.</summary>
    /// <exception cref="RunFailedException">As above.</exception>
    public static string Ask(int port, string line, TimeSpan timeout)
    {
        Deadline deadline = new(timeout);
        using LineStream server = Connect(port, deadline);
        string? answer = server.WriteLine(line, deadline) ? server.ReadLine(MaxAnswerBytes, deadline) : null;
        if (ErrorIn(answer ?? throw NoAnswer(port), port) is { } error)
            throw new RunFailedException(Printable.Escape(error));

        return answer;
    }

    private static LineStream Connect(int port, Deadline deadline)
    {
        foreach (string path in ControlDirectory.Candidates(port))
        {
            if (!File.Exists(path) || !ControlDirectory.IsOwn(Path.GetDirectoryName(path)!))
                continue;

            LocalSocket socket = LocalSocket.Create();
            SocketError error = socket.Connect(path, deadline);
            if (error == SocketError.Success)
                return new LineStream(socket);

            socket.Dispose();
            if (error == SocketError.TimedOut)
                throw NoAnswer(port);

            // Otherwise a server that was killed has left the path behind.
        }

        throw new RunFailedException($"no echomodels server of yours runs on port {port}; name its port with --port");
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
