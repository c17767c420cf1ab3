using System.Net;
using System.Net.Sockets;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <summary>struct sockaddr_in and sockaddr_in6 to and from an end point. See ip(7) and ipv6(7).</summary>
internal static class SocketAddresses
{
    /// <summary>The number of an address family on Linux.</summary>
    public static int Family(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? Libc.AF_INET6 : Libc.AF_INET;

    /// <summary>The bytes that bind(2) and connect(2) take.</summary>
    public static Span<byte> Write(IPEndPoint endPoint)
    {
        SocketAddress address = endPoint.Serialize();
        return address.Buffer.Span[..address.Size];
    }

    /// <summary>Whether they are of an IP socket; a child process may also be given one end of a Unix-domain pair.</summary>
    public static bool AreOfIp(ReadOnlySpan<byte> bytes) => bytes.Length > sizeof(ushort) && BitConverter.ToUInt16(bytes) is Libc.AF_INET or Libc.AF_INET6;

    /// <summary>The end point in the bytes that getsockname(2) and getpeername(2) leave.</summary>
    public static IPEndPoint Read(ReadOnlySpan<byte> bytes)
    {
        AddressFamily family = BitConverter.ToUInt16(bytes) == Libc.AF_INET6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        SocketAddress address = new(family, bytes.Length);
        bytes.CopyTo(address.Buffer.Span);
        IPEndPoint any = new(family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        return (IPEndPoint)any.Create(address);
    }
}
