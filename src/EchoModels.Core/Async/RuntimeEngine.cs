using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using EchoModels.Posix;
using EchoModels.Sockets;
using Microsoft.Win32.SafeHandles;

namespace EchoModels.Async;

/// <summary>The runtime's own epoll, in which every awaited socket is watched; how a socket leaves it, and comes back.</summary>
/// <remarks>
/// The runtime watches a socket from the first await that has to wait until the socket is closed, and edge-triggered: were it
/// left there, each segment that a later model receives would wake the runtime's thread for nothing. So its entry is taken out
/// when the model leaves, and put back as it was when the socket is awaited again; the runtime need not know. What the entry was
/// stands in /proc/self/fdinfo, see proc_pid_fdinfo(5). This is for Linux; a completion port of Windows is never in the way, and
/// what kqueue does is left as it is.
/// </remarks>
internal static class RuntimeEngine
{
    private const string EpollName = "anon_inode:[eventpoll]";

    /// <summary>The runtime makes its epolls with its first socket and keeps them; their lists are opened while there are descriptors.</summary>
    private static readonly Lazy<List<Epoll>> Epolls = new(FindEpolls);

    /// <summary>Whether what follows an await runs on the thread that waited, instead of on a thread of the pool: no hand-off.</summary>
    /// <remarks>Not public, but left reachable by the runtime for trials. Without it everything works, at twice the price.</remarks>
    private static readonly Action<Socket, bool>? PreferInline = typeof(Socket)
        .GetProperty("PreferInlineCompletions", BindingFlags.Instance | BindingFlags.NonPublic)?
        .SetMethod?.CreateDelegate<Action<Socket, bool>>();

    /// <summary>Makes ready for what is to be awaited.</summary>
    public static void Prepare() => _ = OperatingSystem.IsLinux() ? Epolls.Value : null;

    /// <summary>Makes a socket ready to be awaited, for the first time or again.</summary>
    /// <param name="socket">A socket of the set.</param>
    /// <param name="inline">Whether what follows an await may run on the runtime's own thread; it must never block.</param>
    public static void Enter(WatchedSocket socket, bool inline)
    {
        PreferInline?.Invoke(socket.Socket, inline);
        if (socket.Entry is not { } entry)
            return;

        EpollEvents change = new(1) { [0] = (entry.Events, entry.Data) };
        if (Libc.EpollControl(entry.Epoll, Libc.EPOLL_CTL_ADD, socket.Socket.SafeHandle, ref change.First) < 0)
            throw Errno.Failure("epoll_ctl");

        socket.Entry = null;
    }

    /// <summary>Takes every socket of the set out of the runtime's epoll. Nothing is being awaited on any of them.</summary>
    public static void Leave(SocketSet sockets)
    {
        if (!OperatingSystem.IsLinux())
            return;

        Dictionary<int, WatchedSocket> byDescriptor = [];
        foreach (Listener listener in sockets.Listeners)
            byDescriptor.Add((int)listener.Socket.Handle, listener);
        foreach (Connection connection in sockets)
            byDescriptor.Add((int)connection.Socket.Handle, connection);

        foreach (Epoll epoll in Epolls.Value)
        {
            foreach (string line in epoll.ReadList())
            {
                if (TryParse(line, out int descriptor, out uint events, out ulong data) && byDescriptor.TryGetValue(descriptor, out WatchedSocket? socket))
                    Leave(socket, new EngineEntry(epoll.Descriptor, events, data));
            }
        }
    }

    private static void Leave(WatchedSocket socket, EngineEntry entry)
    {
        EpollEvents unused = new(1);
        if (Libc.EpollControl(entry.Epoll, Libc.EPOLL_CTL_DEL, socket.Socket.SafeHandle, ref unused.First) < 0)
            throw Errno.Failure("epoll_ctl");

        socket.Entry = entry;
    }

    /// <summary>Reads "tfd: 50 events: 8000001d data: 3 pos: ..."; the events and the data are hexadecimal.</summary>
    private static bool TryParse(string line, out int descriptor, out uint events, out ulong data)
    {
        string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        (descriptor, events, data) = (0, 0, 0);
        return words is ["tfd:", { } first, "events:", { } second, "data:", { } third, ..]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out descriptor)
            && uint.TryParse(second, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out events)
            && ulong.TryParse(third, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out data);
    }

    private static List<Epoll> FindEpolls()
    {
        List<Epoll> found = [];
        foreach (string name in Directory.GetFiles("/proc/self/fd").Select(path => Path.GetFileName(path)))
        {
            if (new FileInfo($"/proc/self/fd/{name}").LinkTarget == EpollName)
                found.Add(new Epoll(int.Parse(name, CultureInfo.InvariantCulture), File.OpenHandle($"/proc/self/fdinfo/{name}")));
        }

        return found;
    }

    private sealed record Epoll(int Descriptor, SafeFileHandle List)
    {
        /// <summary>One line for every socket that it watches.</summary>
        public string[] ReadList()
        {
            using MemoryStream all = new();
            byte[] chunk = new byte[64 * 1024];
            for (int count; (count = RandomAccess.Read(List, chunk, all.Length)) > 0;)
                all.Write(chunk, 0, count);

            return Encoding.ASCII.GetString(all.GetBuffer(), 0, (int)all.Length).Split('\n');
        }
    }
}

/// <summary>A socket's entry in an epoll of the runtime.</summary>
/// <param name="Epoll">The epoll's descriptor.</param>
/// <param name="Events">What it is watched for.</param>
/// <param name="Data">How the runtime knows it.</param>
internal sealed record EngineEntry(int Epoll, uint Events, ulong Data);
