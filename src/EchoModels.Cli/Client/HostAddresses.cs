using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Client;

/// <summary>A host as <c>--host</c> names it: an address, or a name that the system resolves. See getaddrinfo(3).</summary>
internal static class HostAddresses
{
    public const string Accepted = "an IPv4 or IPv6 address, or the name of a host, such as localhost";

    private const int MaxNameLength = 253; // RFC 1035
    private const int MaxLabelLength = 63;

    /// <summary>Whether a text has the form of an address or of a host's name; nothing is looked up.</summary>
    public static bool TryHost(string text, out string host)
    {
        host = text;
        return TryAddress(text, out _) || IsName(text);
    }

    /// <summary>The addresses of a host, in the order in which they are to be tried.</summary>
    /// <param name="host">An address or a name.</param>
    /// <param name="port">The port at each of them.</param>
    /// <param name="stop">Ends a look-up that takes long.</param>
    /// <exception cref="RunFailedException">The name has no address.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static IReadOnlyList<IPEndPoint> Resolve(string host, int port, CancellationToken stop)
    {
        if (TryAddress(host, out IPAddress address))
            return [new IPEndPoint(address, port)];

        try
        {
            // A look-up may wait for a name server for many seconds, and cannot be interrupted itself.
            Task<IPAddress[]> lookup = Task.Run(() => Dns.GetHostAddresses(host));
            Task.WaitAny([lookup], stop);
            IPEndPoint[] found = [.. lookup.GetAwaiter().GetResult().Select(WithoutMapping).Distinct().Select(one => new IPEndPoint(one, port))];
            return found.Length > 0 ? found : throw NoAddress(host, "it has none");
        }
        catch (SocketException failure)
        {
            throw NoAddress(host, failure.Message);
        }
        catch (ArgumentException failure)
        {
            throw NoAddress(host, failure.Message);
        }
    }

    /// <summary>Whether a text is an address in its usual form.</summary>
    public static bool TryAddress(string text, out IPAddress value)
    {
        // IPAddress.TryParse accepts too much: "8888" as the address 0.0.34.184, and [::1]:9000 as ::1 without its port.
        value = IPAddress.None;
        bool hasAddressForm = (text.Contains(':') && !text.Contains('[')) || text.Count(letter => letter == '.') == 3;
        if (!hasAddressForm || !IPAddress.TryParse(text, out IPAddress? address))
            return false;

        value = WithoutMapping(address);
        return true;
    }

    /// <summary>The IPv4 address in an IPv4-mapped one (RFC 4291): the connection is an IPv4 connection.</summary>
    private static IPAddress WithoutMapping(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>Letters, digits, hyphens and underscores between dots; a last part of digits alone would be half an address (RFC 1123).</summary>
    private static bool IsName(string text)
    {
        string[] labels = text.TrimEnd('.').Split('.');
        return text.Length <= MaxNameLength && labels.All(IsLabel) && !labels[^1].All(char.IsAsciiDigit);
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabelLength && label[0] != '-' && label.All(letter => char.IsLetterOrDigit(letter) || letter is '-' or '_');

    private static RunFailedException NoAddress(string host, string reason) =>
        new(string.Create(CultureInfo.InvariantCulture, $"no address for --host '{Printable.Escape(host)}': {reason}"));
}
