using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Kernel;

namespace EchoModels.Cli.Control;

/// <summary>Asks a running server on this machine, found by its port.</summary>
internal static class ControlClient
{
    /// <summary>How long an answer may take: a switch waits for the model before it, and for one switch before that.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Sends a line, and returns the line that answers it.</summary>
    /// <exception cref="RunFailedException">No server of this user listens on the port, or it refused.</exception>
    public static string Ask(int port, string line) => Ask(port, line, Patience);

    /// <summary>The same, with a limit of one's own for how long the answer may take.</summary>
    public static string Ask(int port, string line, TimeSpan patience)
    {
        using Socket socket = Connect(port);
        try
        {
            socket.Send(Encoding.UTF8.GetBytes(line + "\n"));
            string answer = Read(socket, patience);
            if (JsonDocument.Parse(answer).RootElement.TryGetProperty("error", out JsonElement error))
                throw new RunFailedException(Printable.Escape(error.GetString() ?? "refused"));

            return answer;
        }
        catch (Exception broken) when (broken is SocketException or JsonException)
        {
            throw new RunFailedException($"the server on port {port} did not answer");
        }
    }

    private static Socket Connect(int port)
    {
        RuntimeSockets.Demand();
        foreach (string path in ControlDirectory.Candidates(port))
        {
            if (!File.Exists(path) || !ControlDirectory.IsOurs(Path.GetDirectoryName(path)!))
                continue;

            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(path));
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose(); // left behind by a server that was killed
            }
        }

        throw new RunFailedException($"no echomodels server of yours runs on port {port}; name its port with --port");
    }

    private static string Read(Socket socket, TimeSpan patience)
    {
        List<byte> answer = [];
        byte[] buffer = new byte[4096];
        while (Readiness.Await(socket, patience))
        {
            int count = socket.Receive(buffer);
            if (count == 0)
                return Encoding.UTF8.GetString([.. answer]);

            answer.AddRange(buffer.AsSpan(0, count));
        }

        throw new SocketException((int)SocketError.TimedOut);
    }
}
