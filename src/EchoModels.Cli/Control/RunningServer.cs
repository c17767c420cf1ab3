namespace EchoModels.Cli.Control;

/// <summary>A server of this user that runs on this machine.</summary>
/// <param name="Path">A control socket of it.</param>
/// <param name="Port">The port in the name of that socket.</param>
/// <param name="Identity">What it has told of itself; null if it has not answered.</param>
internal sealed record RunningServer(string Path, int Port, ServerIdentity? Identity)
{
    /// <summary>Where it listens, and its process.</summary>
    public string Description => Identity is null
        ? $"port {Port}, which does not answer"
        : $"{string.Join(", ", Identity.EndPoints)} (process {Identity.ProcessId})";

    /// <summary>What chooses it among others: its port, or its address and port if another server has the same port.</summary>
    public string ChoiceAmong(IEnumerable<RunningServer> servers)
    {
        bool isOnlyOne = servers.Count(other => other.Port == Port) == 1;
        return isOnlyOne ? $"{Port}" : Identity?.EndPoints.FirstOrDefault(HasPort) ?? $"{Port}";
    }

    /// <summary>Whether it is the one that is meant.</summary>
    public bool Matches(ServerChoice choice) =>
        Identity is null ? Port == choice.Port && choice.Address is null : Identity.EndPoints.Any(endPoint => IsMeant(endPoint, choice));

    private static bool IsMeant(string endPoint, ServerChoice choice) =>
        choice.Address is null ? endPoint.EndsWith($":{choice.Port}", StringComparison.Ordinal) : endPoint == choice.ToString();

    private bool HasPort(string endPoint) => endPoint.EndsWith($":{Port}", StringComparison.Ordinal);
}
