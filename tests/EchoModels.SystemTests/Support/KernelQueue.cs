using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EchoModels.SystemTests.Support;

/// <summary>What the kernel holds for the other end of a connection on this machine. See proc_net(5).</summary>
internal static class KernelQueue
{
    /// <summary>Bytes that have arrived at the other end, and that its program has not received.</summary>
    public static int Unread(Socket socket)
    {
        string other = $"{Hexadecimal(socket.RemoteEndPoint!)} {Hexadecimal(socket.LocalEndPoint!)}";
        // A row may be shown twice when another connection is made or ends meanwhile.
        string row = File.ReadLines("/proc/net/tcp").First(line => line.Contains(other, StringComparison.Ordinal));
        string queues = row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4]; // tx_queue:rx_queue
        return int.Parse(queues.Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private static string Hexadecimal(EndPoint endPoint)
    {
        IPEndPoint at = (IPEndPoint)endPoint;
        return string.Create(CultureInfo.InvariantCulture, $"{BitConverter.ToUInt32(at.Address.GetAddressBytes()):X8}:{at.Port:X4}");
    }
}
