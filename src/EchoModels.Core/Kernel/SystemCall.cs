namespace EchoModels.Kernel;

/// <summary>The vocabulary of <see cref="ICallObserver"/>: every call that a model causes, under the name of its man page.</summary>
/// <remarks>
/// The comment behind each tells what <see cref="Call.Argument"/> and the result are. Completions of io_uring are reported as
/// <see cref="UringAccept"/>, <see cref="UringReceive"/> and <see cref="UringSend"/>: begun when submitted, ended when reaped.
/// </remarks>
public enum SystemCall
{
    /// <summary>accept4(2). Result: the new descriptor.</summary>
    Accept,

    /// <summary>recv(2). Argument: bytes of room. Result: bytes received; 0 is the end of the stream.</summary>
    Receive,

    /// <summary>send(2). Argument: bytes offered. Result: bytes taken.</summary>
    Send,

    /// <summary>recv(2) that takes the datagram out of a waker.</summary>
    ResetWaker,

    /// <summary>send(2) to a waker, or tgkill(2) where a signal wakes: ends the wait of another thread.</summary>
    Wake,

    /// <summary>tgkill(2) that interrupts the blocking call of another thread. Argument: the signal.</summary>
    Interrupt,

    /// <summary>epoll_wait(2). Argument: the time limit in milliseconds. Result: ready sockets.</summary>
    EpollWait,

    /// <summary>poll(2). Argument: descriptors handed over. Result: ready ones.</summary>
    Poll,

    /// <summary>select(2). Argument: the highest descriptor plus 1. Result: ready bits.</summary>
    Select,

    /// <summary>Socket.Select. Argument: sockets handed over. Result: ready ones.</summary>
    SocketSelect,

    /// <summary>sigtimedwait(2). Argument: the time limit in milliseconds. Result: the signal.</summary>
    SignalTimedWait,

    /// <summary>kevent(2). Argument: changes handed over. Result: ready filters.</summary>
    KernelEvent,

    /// <summary>epoll_ctl(2). Argument: the operation.</summary>
    EpollControl,

    /// <summary>io_uring_enter(2). Argument: requests submitted. Result: requests taken.</summary>
    UringEnter,

    /// <summary>A request to accept. Result: a descriptor for each completion.</summary>
    UringAccept,

    /// <summary>A request to receive. Argument: the limit in bytes; 0 is one chunk. Result: bytes for each completion.</summary>
    UringReceive,

    /// <summary>A request to send. Argument: bytes offered. Result: bytes sent.</summary>
    UringSend,

    /// <summary>A request to tell when a socket is readable: the ring's waker.</summary>
    UringPoll,

    /// <summary>A request to give up another one.</summary>
    UringCancel,

    /// <summary>Socket.AcceptAsync: the runtime makes the system calls.</summary>
    AcceptAsync,

    /// <summary>Socket.ReceiveAsync.</summary>
    ReceiveAsync,

    /// <summary>Socket.SendAsync. Result: bytes sent.</summary>
    SendAsync,

    /// <summary>shutdown(2). Argument: SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2.</summary>
    Shutdown,

    /// <summary>close(2).</summary>
    Close,

    /// <summary>fcntl(2). Argument: the command.</summary>
    FileControl,

    /// <summary>ioctl(2). Argument: the request.</summary>
    Control,

    /// <summary>getsockopt(2). Argument: the option.</summary>
    GetSocketOption,

    /// <summary>setsockopt(2). Argument: the option.</summary>
    SetSocketOption,

    /// <summary>getpeername(2).</summary>
    GetPeerName,

    /// <summary>getsockname(2).</summary>
    GetSocketName,

    /// <summary>socket(2). Result: the new descriptor.</summary>
    Socket,

    /// <summary>bind(2).</summary>
    Bind,

    /// <summary>listen(2). Argument: the backlog.</summary>
    Listen,

    /// <summary>connect(2).</summary>
    Connect,

    /// <summary>epoll_create1(2). Result: the new descriptor.</summary>
    EpollCreate,

    /// <summary>io_uring_setup(2). Argument: entries. Result: the new descriptor.</summary>
    UringSetup,

    /// <summary>io_uring_register(2). Argument: the operation.</summary>
    UringRegister,

    /// <summary>recvmsg(2). Argument: bytes of room.</summary>
    ReceiveMessage,

    /// <summary>posix_spawn(3). Result: the process.</summary>
    Spawn,
}
