using System.Net;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;

namespace EchoModels.Cli.Client;

/// <summary>Finds out which model has served the clients, if the server is an echomodels of this user on this machine.</summary>
/// <remarks>
/// The control channel belongs to a port, and another server may listen on the same port of another address. So the status counts only
/// if its server listens on the very address that the clients were connected to.
/// </remarks>
internal sealed class MeasuredServer
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    private readonly int _port;
    private readonly StatusReport? _before;

    /// <summary>Asks for the status before the run.</summary>
    /// <param name="addresses">Those that the clients may be connected to.</param>
    public MeasuredServer(IReadOnlyList<IPEndPoint> addresses)
    {
        _port = addresses[0].Port;
        _before = addresses.Any(address => IPAddress.IsLoopback(address.Address)) ? Ask(_port) : null;
    }

    /// <summary>Asks again after the run.</summary>
    /// <param name="server">Where the clients were connected to.</param>
    /// <returns>The model; null if it is unknown, or was not the same throughout.</returns>
    public string? ModelAt(IPEndPoint server)
    {
        if (_before is null || !Listens(_before, server) || Ask(_port) is not { } after || !Listens(after, server))
            return null;

        return after.Model == _before.Model && LastSwitch(after) == LastSwitch(_before) ? after.Model : null;
    }

    /// <summary>Whether a server with this status accepts what is sent to an address.</summary>
    public static bool Listens(StatusReport status, IPEndPoint server) => status.EndPoints.Any(text =>
        IPEndPoint.TryParse(text, out IPEndPoint? at) && at.Port == server.Port
        && at.AddressFamily == server.AddressFamily
        && (at.Address.Equals(server.Address) || at.Address.Equals(IPAddress.Any) || at.Address.Equals(IPAddress.IPv6Any)));

    private static SwitchReport? LastSwitch(StatusReport status) => status.Switches is [.., SwitchReport last] ? last : null;

    private static StatusReport? Ask(int port)
    {
        try
        {
            return JsonSerializer.Deserialize(ControlClient.Ask(port, "status", AnswerTimeout), Wire.Readable.StatusReport);
        }
        catch (Exception failure) when (failure is RunFailedException or IOException or JsonException)
        {
            return null;
        }
    }
}
