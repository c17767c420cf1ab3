using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.Async;

/// <summary>The runtime's own epoll, in which every awaited socket is watched; how the sockets of a set leave it.</summary>
/// <remarks>
/// The runtime watches a socket, edge-triggered, from the first await that has to wait. Were it left there, each segment that a later model
/// receives would wake the runtime's thread for nothing; so it is taken out when the model leaves, before its Socket object is given up.
/// For Linux: a completion port of Windows does not disturb, and kqueue's entries are left as they are.
/// </remarks>
internal static class RuntimeEpoll
{
    /// <summary>The runtime makes its epolls with its first socket and keeps them.</summary>
    private static readonly Lazy<List<int>> Epolls = new(FindAll);

    /// <summary>Finds them, once, while there are descriptors free for it.</summary>
    /// <exception cref="IOException">None answers.</exception>
    public static void Find() => _ = Epolls.Value;

    /// <summary>Takes every socket of the set out. Nothing is being awaited on any of them.</summary>
    public static void Remove(SocketSet sockets)
    {
        foreach (Listener listener in sockets.Listeners)
            Remove(listener.Socket.Number);
        foreach (Connection connection in sockets)
            Remove(connection.Socket.Number);
    }

    /// <summary>A socket that was never awaited is in none of them (ENOENT); another epoll that was found may have been closed since.</summary>
    private static void Remove(int descriptor)
    {
        byte unused = 0;
        foreach (int epoll in Epolls.Value)
        {
            bool failed = Libc.EpollControl(epoll, Libc.EPOLL_CTL_DEL, descriptor, ref unused) < 0;
            if (failed && Marshal.GetLastPInvokeError() is not (Errno.ENOENT or Errno.EINVAL or Errno.EBADF))
                throw Errno.Failure("epoll_ctl");
        }
    }

    /// <summary>Asks every descriptor of the process. It takes milliseconds; to list 9,000 of them takes a tenth of a second.</summary>
    private static List<int> FindAll()
    {
        const string Size = "FDSize:";
        string size = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Size, StringComparison.Ordinal));
        int end = int.Parse(size.AsSpan(Size.Length), CultureInfo.InvariantCulture);

        new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp).Dispose(); // the first one makes the epolls
        using FileDescriptor other = new(Libc.EpollCreate(Libc.EPOLL_CLOEXEC));
        int unknown = (int)other.DangerousGetHandle();
        List<int> found = [.. Enumerable.Range(0, end).Where(descriptor => IsEpoll(descriptor, unknown))];
        return found.Count > 0 ? found : throw new IOException("the runtime's own epoll does not answer: epoll_ctl is refused");
    }

    /// <summary>Only an epoll answers that it does not know the descriptor (ENOENT); others do not understand the question.</summary>
    private static bool IsEpoll(int descriptor, int unknown)
    {
        byte unused = 0;
        int result = Libc.EpollControl(descriptor, Libc.EPOLL_CTL_DEL, unknown, ref unused);
        return result < 0 && Marshal.GetLastPInvokeError() == Errno.ENOENT;
    }
}
