using System.Net;
using System.Net.Sockets;

namespace EchoModels.Cli.CommandLine;

/// <summary>Parses an address to listen on: one that clients can connect to.</summary>
internal static class ListenAddress
{
    public const string Accepted =
        "an IPv4 or IPv6 address of this machine, or localhost; no multicast or broadcast address; an interface (%eth0) where the address is link-local (fe80::), and only there";

    public static bool TryParse(string text, out IPAddress value)
    {
        if (!Values.TryAddress(text, out IPAddress address))
        {
            value = address;
            return false;
        }

        // An IPv6 socket that is for IPv6 only takes no IPv4 address in the form of an IPv6 one.
        value = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return value.AddressFamily == AddressFamily.InterNetworkV6
            ? !value.IsIPv6Multicast && value.IsIPv6LinkLocal == (value.ScopeId != 0)
            : !IsIPv4Multicast(value) && !value.Equals(IPAddress.Broadcast);
    }

    /// <summary>224.0.0.0 to 239.255.255.255. See RFC 5771.</summary>
    private static bool IsIPv4Multicast(IPAddress address) => (address.GetAddressBytes()[0] & 0xf0) == 0xe0;
}
