using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using EchoModels.Connections;
using EchoModels.Posix;

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
    /// <summary>The runtime makes its epolls with its first socket and keeps them. What they watch is opened while it can be.</summary>
    private static readonly Lazy<List<Epoll>> Epolls = new(FindEpolls);

    /// <summary>The threads of the pool and of the timers, started while it can be: no thread starts without a free descriptor.</summary>
    /// <remarks>If the runtime needs one that it cannot start, it ends the process. The program's configuration keeps them alive.</remarks>
    private static readonly Lazy<bool> Threads = new(StartThreads);

    /// <summary>Whether what follows an await runs on the thread that waited, instead of on a thread of the pool: no hand-off.</summary>
    /// <remarks>Not public, but left reachable by the runtime for trials. Without it everything works, at twice the price.</remarks>
    private static readonly Action<Socket, bool>? PreferInline = typeof(Socket)
        .GetProperty("PreferInlineCompletions", BindingFlags.Instance | BindingFlags.NonPublic)?
        .SetMethod?.CreateDelegate<Action<Socket, bool>>();

    /// <summary>Lets what follows an await on this socket run on the runtime's own thread; it must never block.</summary>
    public static void RunInline(EventSource socket) => PreferInline?.Invoke(socket.Socket, true);

    /// <summary>Puts those sockets back that have left, each as it was. From now on everything may be awaited.</summary>
    public static void Enter(SocketSet sockets)
    {
        _ = Threads.Value;
        if (!OperatingSystem.IsLinux())
            return;

        _ = Epolls.Value;
        EpollEvents change = new(1);
        foreach (EventSource socket in Everyone(sockets))
        {
            if (socket.LeftEngine is not { } entry)
                continue;

            change[0] = (entry.Events, entry.Data);
            Control(entry.Epoll, Libc.EPOLL_CTL_ADD, socket, ref change.First);
            socket.LeftEngine = null;
        }
    }

    /// <summary>Takes every socket of the set out of the runtime's epoll. Nothing is being awaited on any of them.</summary>
    public static void Leave(SocketSet sockets)
    {
        if (!OperatingSystem.IsLinux())
            return;

        byte unused = 0;
        Dictionary<int, EventSource> byDescriptor = Everyone(sockets).ToDictionary(socket => (int)socket.Socket.Handle);
        foreach (Epoll epoll in Epolls.Value)
        {
            foreach ((int descriptor, EngineEntry entry) in epoll.ReadEntries())
            {
                if (!byDescriptor.TryGetValue(descriptor, out EventSource? socket))
                    continue;

                Control(entry.Epoll, Libc.EPOLL_CTL_DEL, socket, ref unused);
                socket.LeftEngine = entry;
            }
        }
    }

    private static IEnumerable<EventSource> Everyone(SocketSet sockets)
    {
        foreach (Listener listener in sockets.Listeners)
            yield return listener;
        foreach (Connection connection in sockets)
            yield return connection;
    }

    private static void Control(int epoll, int operation, EventSource socket, ref byte change)
    {
        if (Libc.EpollControl(epoll, operation, socket.Socket.SafeHandle, ref change) < 0)
            throw Errno.Failure("epoll_ctl");
    }

    private static bool StartThreads()
    {
        CountdownEvent started = new(Environment.ProcessorCount);
        for (int i = 0; i < Environment.ProcessorCount; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                all =>
                {
                    all.Signal();
                    all.Wait(); // so that the next one takes another thread
                },
                started,
                preferLocal: false);
        }

        started.Wait();
        return Task.Delay(1).Wait(Timeout.Infinite);
    }

    /// <summary>Asks every descriptor of the process. It takes milliseconds; to list 9,000 of them takes a tenth of a second.</summary>
    private static List<Epoll> FindEpolls()
    {
        const string Size = "FDSize:";
        string size = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Size, StringComparison.Ordinal));
        int end = int.Parse(size.AsSpan(Size.Length), CultureInfo.InvariantCulture);

        using FileDescriptor stranger = Libc.EpollCreate(Libc.EPOLL_CLOEXEC);
        List<Epoll> found = [.. Enumerable.Range(0, end).Where(descriptor => IsEpoll(descriptor, stranger)).Select(Open)];
        return found.Count > 0 ? found : throw new IOException("the runtime's own epoll does not answer: epoll_ctl is refused");
    }

    /// <summary>Only an epoll answers that it does not know the stranger (ENOENT); others do not understand the question.</summary>
    private static bool IsEpoll(int descriptor, FileDescriptor stranger)
    {
        byte unused = 0;
        int result = Libc.EpollControl(descriptor, Libc.EPOLL_CTL_DEL, stranger, ref unused);
        return result < 0 && Marshal.GetLastPInvokeError() == Errno.ENOENT;
    }

    private static Epoll Open(int descriptor) =>
        new(descriptor, new FileStream($"/proc/self/fdinfo/{descriptor}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0));

    /// <summary>One epoll of the runtime.</summary>
    /// <param name="Descriptor">Its number.</param>
    /// <param name="Info">What the kernel tells about it; not buffered, so that it is read anew each time.</param>
    private sealed record Epoll(int Descriptor, FileStream Info)
    {
        /// <summary>What it watches: "tfd: 50 events: 8000001d data: 3 pos: ..." for each, the events and the data hexadecimal.</summary>
        public List<(int Descriptor, EngineEntry Entry)> ReadEntries()
        {
            List<(int, EngineEntry)> entries = [];
            Info.Position = 0;
            using StreamReader lines = new(Info, Encoding.ASCII, false, bufferSize: 64 * 1024, leaveOpen: true);
            while (lines.ReadLine() is { } line)
            {
                string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
                if (words is not ["tfd:", { } watched, "events:", { } events, "data:", { } data, ..])
                    continue;

                EngineEntry entry = new(Descriptor, Convert.ToUInt32(events, 16), Convert.ToUInt64(data, 16));
                entries.Add((int.Parse(watched, CultureInfo.InvariantCulture), entry));
            }

            return entries;
        }
    }
}

/// <summary>A socket's entry in an epoll of the runtime.</summary>
/// <param name="Epoll">The epoll's descriptor.</param>
/// <param name="Events">What it is watched for.</param>
/// <param name="Data">How the runtime knows it.</param>
internal sealed record EngineEntry(int Epoll, uint Events, ulong Data);
