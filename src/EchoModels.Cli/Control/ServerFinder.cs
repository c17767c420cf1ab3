using System.Net.Sockets;
using System.Text.Json;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Control;

/// <summary>Finds the running servers of this user, by their control sockets.</summary>
internal static class ServerFinder
{
    /// <summary>How long one server may take to tell what it is.</summary>
    private static readonly TimeSpan IdentityTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Finds the server that is meant.</summary>
    /// <param name="choice">By its port; null for the only one that runs.</param>
    /// <exception cref="RunFailedException">None is found.</exception>
    /// <exception cref="UsageException">Several could be meant; the message lists them.</exception>
    public static RunningServer Find(ServerChoice? choice)
    {
        RunningServer[] found = [.. All(choice?.Port).Where(server => choice is null || server.Matches(choice))];
        return found switch
        {
            [RunningServer only] => only,
            [] => throw new RunFailedException(NoServer(choice) + WhyNotFound()),
            _ => throw new UsageException(Several(found)),
        };
    }

    /// <summary>Every server that runs, each once, in the order of their ports.</summary>
    /// <param name="port">Only those with a control socket for this port; null for all.</param>
    public static IReadOnlyList<RunningServer> All(int? port = null)
    {
        List<RunningServer> servers = [];
        foreach ((string path, int number) in ControlDirectory.Sockets().OrderBy(socket => socket.Port))
        {
            if ((port ?? number) != number || !TryIdentify(path, out ServerIdentity? identity))
                continue;

            bool isKnown = identity is not null && servers.Any(server => server.Identity?.ProcessId == identity.ProcessId);
            if (!isKnown)
                servers.Add(new RunningServer(path, number, identity));
        }

        return servers;
    }

    /// <summary>Asks a server what it is.</summary>
    /// <returns>False if no server has this socket: one that was killed has left the path behind.</returns>
    private static bool TryIdentify(string path, out ServerIdentity? identity)
    {
        identity = null;
        Deadline deadline = new(IdentityTimeout);
        LocalSocket socket = LocalSocket.Create();
        using LineStream server = new(socket);
        SocketError error = socket.Connect(path, deadline);
        if (error is not (SocketError.Success or SocketError.TimedOut))
            return false;

        string? answer = error == SocketError.Success && server.WriteLine(Requests.Identify, deadline) ? server.ReadLine(1 << 20, deadline) : null;
        try
        {
            identity = answer is null ? null : JsonSerializer.Deserialize(answer, Wire.Readable.ServerIdentity);
            identity = identity?.EndPoints is null ? null : identity;
        }
        catch (JsonException)
        {
            // It does not know the question, or is no server of ours; the request to come tells.
        }

        return true;
    }

    private static string NoServer(ServerChoice? choice) => choice is null
        ? "no echomodels server of yours runs here; start one with 'echomodels serve'"
        : $"no echomodels server of yours runs on port {choice}; name its port with --port";

    /// <summary>What keeps the control sockets from being found, if there is such a thing.</summary>
    private static string WhyNotFound()
    {
        string[] refusals = [.. ControlDirectory.Refusals()];
        return refusals.Length == 0 ? "" : $" ({string.Join("; ", refusals)})";
    }

    private static string Several(RunningServer[] servers)
    {
        string[] choices = [.. servers.Select(server => server.ChoiceAmong(servers))];
        int width = choices.Max(choice => choice.Length);
        IEnumerable<string> lines = servers.Zip(choices, (server, choice) => $"\n  --port {choice.PadRight(width)}  {server.Description}");
        return $"{servers.Length} servers run; choose one with --port:{string.Concat(lines)}";
    }
}
