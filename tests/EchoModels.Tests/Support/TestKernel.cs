using System.Net;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Tests.Support;

/// <summary>Opens kernels and listeners, and converts between the descriptors of a kernel and the Sockets of a test.</summary>
internal static class TestKernel
{
    /// <summary>The kernel of this system, whose counters are not read.</summary>
    public static IKernel Open() => SystemKernel.Open(new CallCounters());

    public static Listener Listen(int backlog = 64) => Listen(new IPEndPoint(IPAddress.Loopback, 0), backlog);

    public static Listener Listen(IPEndPoint endPoint, int backlog) => Listener.Open(Open(), endPoint, backlog);

    /// <summary>The number of a Socket, with a token.</summary>
    public static SocketHandle Handle(this Socket socket, Token? token = null) => new((int)socket.Handle, token ?? Token.None);

    public static void Add(this ISelector selector, Socket socket, Interest interest, Token token) => selector.Add(socket.Handle(token), interest);

    public static void Modify(this ISelector selector, Socket socket, Interest interest, Token token) => selector.Modify(socket.Handle(token), interest);

    public static void Remove(this ISelector selector, Socket socket) => selector.Remove(socket.Handle());

    public static bool CanWatch(this ISelector selector, Socket socket) => selector.CanWatch(socket.Handle());

    /// <summary>Bytes that have arrived and are unread.</summary>
    public static int Available(this EventSource socket) => Open().Available(socket.Socket);

    /// <summary>Whether a socket can be read or written at once. See poll(2).</summary>
    public static bool IsReady(SocketHandle socket, bool toWrite)
    {
        PollFd[] list = [new() { Descriptor = socket.Number, Events = toWrite ? Libc.POLLOUT : Libc.POLLIN }];
        return Libc.Poll(list, 1, 0) > 0;
    }

    /// <summary>Sets the sizes of the kernel's queues, in bytes.</summary>
    public static void SetQueues(SocketHandle socket, int size)
    {
        const int SO_SNDBUF = 7;
        const int SO_RCVBUF = 8;
        LinuxKernel kernel = Open().Linux!;
        kernel.SetOption(socket, Libc.SOL_SOCKET, SO_SNDBUF, BitConverter.GetBytes(size));
        kernel.SetOption(socket, Libc.SOL_SOCKET, SO_RCVBUF, BitConverter.GetBytes(size));
    }
}
