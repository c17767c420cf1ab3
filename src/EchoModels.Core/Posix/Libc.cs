using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>The C library's calls and constants, under their own names, for Linux. Nothing else lives here.</summary>
/// <remarks>Every call returns -1 on error and leaves its errno for <see cref="Errno"/>, to be read before any other call.</remarks>
internal static partial class Libc
{
    // <asm-generic/fcntl.h>, <bits/socket.h>, <asm-generic/socket.h>, <asm-generic/sockios.h>
    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int F_DUPFD_CLOEXEC = 1030;
    public const int O_NONBLOCK = 0x800;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int SOCK_NONBLOCK = 0x800;
    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int MSG_TRUNC = 0x20;
    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;
    public const int SOCKADDR_STORAGE_SIZE = 128;
    public const int SOL_SOCKET = 1;
    public const int SO_REUSEADDR = 2;
    public const int SO_ERROR = 4;
    public const int SO_OOBINLINE = 10;
    public const int SO_ATTACH_FILTER = 26;
    public const ushort BPF_RET = 0x06;
    public const int IPPROTO_IPV6 = 41;
    public const int IPV6_V6ONLY = 26;
    public const uint SIOCOUTQ = 0x5411;
    public const uint FIONREAD = 0x541b;

    // <netinet/tcp.h>
    public const int IPPROTO_TCP = 6;
    public const int TCP_NODELAY = 1;
    public const int TCP_INFO = 11;
    public const int TCP_INQ = 36;
    public const byte TCP_FIN_WAIT1 = 4;
    public const byte TCP_CLOSE = 7;
    public const byte TCP_CLOSE_WAIT = 8;
    public const byte TCP_LAST_ACK = 9;
    public const byte TCP_CLOSING = 11;

    // <asm-generic/signal.h>
    public const int SIGHUP = 1;
    public const int SIGINT = 2;
    public const int SIGQUIT = 3;
    public const int SIGKILL = 9;
    public const int SIGTERM = 15;
    public const int SIGCHLD = 17;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;
    public const int SIGTSTP = 20;
    public const int SIGURG = 23;
    public const int SIGIO = 29;
    public const int SIG_BLOCK = 0;
    public const int SIG_UNBLOCK = 1;
    public const int SIG_SETMASK = 2;

    // <asm-generic/fcntl.h>, <asm-generic/ioctls.h>: signals from descriptors
    public const int F_SETOWN = 8;
    public const int F_SETSIG = 10;
    public const int F_SETOWN_EX = 15;
    public const int F_OWNER_TID = 0;
    public const uint FIOASYNC = 0x5452;

    public const nint SIG_DFL = 0;
    public const nint SIG_IGN = 1;

    // <spawn.h>: its functions return their error. <bits/waitflags.h>; <linux/close_range.h>
    public const short POSIX_SPAWN_SETPGROUP = 0x02;
    public const short POSIX_SPAWN_SETSIGDEF = 0x04;
    public const short POSIX_SPAWN_SETSIGMASK = 0x08;
    public const int WNOHANG = 1;
    public const nint SYS_close_range = 436;
    public const uint CLOSE_RANGE_CLOEXEC = 4;

    // <sys/resource.h>
    public const int RUSAGE_SELF = 0;

    // <sys/epoll.h>
    public const int EPOLL_CLOEXEC = 0x80000;
    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const int EPOLL_CTL_MOD = 3;
    public const uint EPOLLIN = 0x001;
    public const uint EPOLLPRI = 0x002;
    public const uint EPOLLOUT = 0x004;
    public const uint EPOLLERR = 0x008;
    public const uint EPOLLHUP = 0x010;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLET = 1u << 31;

    // <poll.h>
    public const short POLLIN = 0x001;
    public const short POLLOUT = 0x004;
    public const short POLLERR = 0x008;
    public const short POLLHUP = 0x010;
    public const short POLLNVAL = 0x020;

    // <sys/select.h>
    public const int FD_SETSIZE = 1024;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int socket, ReadOnlySpan<byte> address, int length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int socket, int backlog);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int socket, ReadOnlySpan<byte> address, int length);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetSocketName(int socket, Span<byte> address, ref int length);

    [LibraryImport("libc", EntryPoint = "getpeername", SetLastError = true)]
    public static partial int GetPeerName(int socket, Span<byte> address, ref int length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetSocketOption(int socket, int level, int option, Span<byte> value, ref int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int socket, int level, int option, ReadOnlySpan<byte> value, int length);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept4(int socket, nint address, nint length, int flags);

    public static unsafe nint Receive(int socket, Span<byte> buffer, int flags)
    {
        fixed (byte* start = buffer)
        {
            nint count = ReceiveAt(socket, start, (nuint)buffer.Length, flags);
            if (count < 0)
                Marshal.SetLastPInvokeError(Marshal.GetLastSystemError());

            return count;
        }
    }

    public static unsafe nint Send(int socket, ReadOnlySpan<byte> bytes, int flags)
    {
        fixed (byte* start = bytes)
        {
            nint count = SendFrom(socket, start, (nuint)bytes.Length, flags);
            if (count < 0)
                Marshal.SetLastPInvokeError(Marshal.GetLastSystemError());

            return count;
        }
    }

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint ReceiveMessage(int socket, ref MessageHeader message, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    public static partial int Shutdown(int socket, int how);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FileControl(int file, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(int file, nuint request, out int value);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(nint file);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(SafeHandle epoll, int operation, int file, ref byte change);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(SafeHandle epoll, ref byte events, int capacity, int milliseconds);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(Span<PollFd> sockets, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "select", SetLastError = true)]
    public static unsafe partial int Select(int end, Span<ulong> toRead, Span<ulong> toWrite, nint exceptions, TimeValue* limit);

    // <pthread.h>: its functions return their error instead of leaving it in errno.
    [LibraryImport("libc", EntryPoint = "pthread_self")]
    public static partial nint ThreadSelf();

    [LibraryImport("libc", EntryPoint = "pthread_kill")]
    public static partial int ThreadKill(nint thread, int signal);

    [LibraryImport("libc", EntryPoint = "pthread_create")]
    public static unsafe partial int ThreadCreate(out nint thread, long* attributes, delegate* unmanaged<nint, nint> start, nint argument);

    [LibraryImport("libc", EntryPoint = "sem_init")]
    public static unsafe partial int SemaphoreInit(byte* semaphore, int shared, uint value);

    [LibraryImport("libc", EntryPoint = "sem_post")]
    public static unsafe partial int SemaphorePost(byte* semaphore);

    [LibraryImport("libc", EntryPoint = "pthread_join")]
    public static partial int ThreadJoin(nint thread, nint result);

    [LibraryImport("libc", EntryPoint = "pthread_detach")]
    public static partial int ThreadDetach(nint thread);

    [LibraryImport("libc", EntryPoint = "pthread_attr_init")]
    public static unsafe partial int ThreadAttributesInit(long* attributes);

    [LibraryImport("libc", EntryPoint = "pthread_attr_destroy")]
    public static unsafe partial int ThreadAttributesDestroy(long* attributes);

    [LibraryImport("libc", EntryPoint = "pthread_attr_setstacksize")]
    public static unsafe partial int ThreadAttributesSetStackSize(long* attributes, nuint bytes);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    public static partial nint Signal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "getrusage", SetLastError = true)]
    public static partial int ResourceUsage(int who, out ResourceUsage usage);

    [LibraryImport("libc", EntryPoint = "gettid")]
    public static partial int ThreadId();

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    public static partial int ThreadSignalMask(int how, in SignalSet change, out SignalSet before);

    [LibraryImport("libc", EntryPoint = "sigtimedwait", SetLastError = true)]
    public static unsafe partial int SignalTimedWait(in SignalSet signals, out SignalInfo info, TimeSpecification* limit);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FileControl(int file, int command, in FileOwner owner);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int ControlWith(int file, nuint request, in int value);

    [LibraryImport("libc", EntryPoint = "posix_spawnp")]
    public static unsafe partial int Spawn(
        out int process, byte* file, long* actions, long* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static unsafe partial int SpawnActionsInit(long* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static unsafe partial int SpawnActionsDestroy(long* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static unsafe partial int SpawnActionsAddDuplicate(long* actions, int file, int number);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static unsafe partial int SpawnAttributesInit(long* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static unsafe partial int SpawnAttributesDestroy(long* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static unsafe partial int SpawnAttributesSetFlags(long* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static unsafe partial int SpawnAttributesSetSignalMask(long* attributes, long* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static unsafe partial int SpawnAttributesSetSignalDefault(long* attributes, long* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    public static unsafe partial int SpawnAttributesSetGroup(long* attributes, int group);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    public static unsafe partial int SignalsNone(long* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    public static unsafe partial int SignalsAll(long* signals);

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    public static unsafe partial int SignalAction(int signal, nint action, long* before);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    public static unsafe partial int SocketPair(int family, int type, int protocol, int* sockets);

    [LibraryImport("libc", EntryPoint = "wait4", SetLastError = true)]
    public static partial int WaitForProcess(int process, out int status, int options, out ResourceUsage usage);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    /// <summary>close_range(2), by its number: the C library has a function for it since glibc 2.34 only.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint CloseRange(nint number, uint first, uint last, uint flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int file, ref byte change);

    // The two calls of every message: SetLastError would clear, fetch and store errno at each; they fetch it only where there is one.
    [LibraryImport("libc", EntryPoint = "recv")]
    private static unsafe partial nint ReceiveAt(int socket, byte* start, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "send")]
    private static unsafe partial nint SendFrom(int socket, byte* start, nuint length, int flags);
}
