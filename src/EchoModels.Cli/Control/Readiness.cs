using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Selectors;

namespace EchoModels.Cli.Control;

/// <summary>Waits for something to read on one blocking socket, for so long and no longer.</summary>
/// <remarks>The managed time limits would start the runtime's own epoll, which has no business in a program that shows what it waits in.</remarks>
internal static class Readiness
{
    /// <summary>Sleeps in poll(2), or, where a sandbox refuses that, in the first selector that works.</summary>
    /// <returns>False if nothing came in time.</returns>
    public static bool Await(Socket socket, TimeSpan limit)
    {
        try
        {
            return socket.Poll(limit, SelectMode.SelectRead);
        }
        catch (SocketException)
        {
            return AwaitInSelector(socket, limit);
        }
    }

    private static bool AwaitInSelector(Socket socket, TimeSpan limit)
    {
        using ISelector selector = SelectorTable.OpenFirst(SelectorTable.Rows, out _).Selector;
        selector.Add(socket, Interest.Read, new Token(0, 0));
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        bool isReady = false;
        for (long left = end - Environment.TickCount64; !isReady && left > 0; left = end - Environment.TickCount64)
            isReady = !selector.Wait((int)left).IsEmpty;

        selector.Remove(socket);
        return isReady;
    }
}
