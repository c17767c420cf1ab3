using System.CommandLine;
using System.Globalization;
using System.Net;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Control;

/// <summary>Which running server is meant: by its port, or by its address and port where two servers have the same port.</summary>
/// <param name="Port">The port.</param>
/// <param name="Address">The address that it listens on; null for any.</param>
internal sealed record ServerChoice(int Port, IPAddress? Address)
{
    private static readonly Accepted Accepted = new("a whole number from 1 to 65535, or an address and a port, such as 127.0.0.2:8888");

    /// <summary>The option of the verbs that talk to a server; without it, the one that runs is meant.</summary>
    public static Option<ServerChoice?> Option() => Values.Make<ServerChoice?>(
        "--port", "-p", "PORT", "the server's port, or its address and port; without it, the only server that runs", null, TryParse, Accepted);

    public override string ToString() => Address is null ? Port.ToString(CultureInfo.InvariantCulture) : new IPEndPoint(Address, Port).ToString();

    private static bool TryParse(string text, out ServerChoice? choice)
    {
        choice = null;
        if (Values.TryNumber(text, 1, 65535, out int port))
            choice = new ServerChoice(port, null);
        else if (text.Contains(':') && IPEndPoint.TryParse(text, out IPEndPoint? endPoint) && endPoint.Port > 0 && text.EndsWith($":{endPoint.Port}", StringComparison.Ordinal))
            choice = new ServerChoice(endPoint.Port, endPoint.Address);

        return choice is not null;
    }
}
