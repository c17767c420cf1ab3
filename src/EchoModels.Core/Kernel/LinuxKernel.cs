using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <summary>The system calls themselves, by P/Invoke, on descriptors that are plain numbers: what strace shows is what the page says.</summary>
/// <remarks>
/// No Socket object stands behind a number, so no finalizer closes it and the runtime's epoll thread never starts; for Socket.Select and
/// the awaited calls one can be borrowed (<see cref="Objects"/>). This page has the calls on one socket; the other pages of this class
/// have the calls that wait, and those that set something up.
/// </remarks>
/// <param name="observer">Is told of each call.</param>
/// <param name="objects">The Socket objects that were prepared; null for none.</param>
public sealed partial class LinuxKernel(ICallObserver observer, SocketObjects? objects = null) : IKernel
{
    public ICallObserver Observer => observer;

    public TimeProvider Clock => TimeProvider.System;

    public LinuxKernel Linux => this;

    /// <summary>Empty as long as nothing but system calls by number is made.</summary>
    public SocketObjects Objects { get; } = objects ?? new SocketObjects();

    public int Accept(SocketHandle listener, bool blocking, out SocketError error)
    {
        Call call = new(SystemCall.Accept, listener);
        observer.Began(in call);
        int flags = Libc.SOCK_CLOEXEC | (blocking ? 0 : Libc.SOCK_NONBLOCK);
        return Ended(in call, Libc.Accept4(listener.Number, 0, 0, flags), out error);
    }

    public int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error)
    {
        Call call = new(SystemCall.Receive, socket, buffer.Length);
        observer.Began(in call);
        return Ended(in call, Libc.Receive(socket.Number, buffer, flags: 0), out error);
    }

    public int Send(SocketHandle socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        Call call = new(SystemCall.Send, socket, bytes.Length);
        observer.Began(in call);
        return Ended(in call, Libc.Send(socket.Number, bytes, Libc.MSG_NOSIGNAL), out error);
    }

    /// <exception cref="IOException">fcntl(2) refuses.</exception>
    public void SetBlocking(SocketHandle socket, bool blocking)
    {
        int flags = FileControl(socket, Libc.F_GETFL, 0);
        FileControl(socket, Libc.F_SETFL, blocking ? flags & ~Libc.O_NONBLOCK : flags | Libc.O_NONBLOCK);
    }

    public void Shutdown(SocketHandle socket, SocketShutdown how)
    {
        // A peer that has reset the connection makes this fail (ENOTCONN): then there is nothing left to end.
        Call call = new(SystemCall.Shutdown, socket, (int)how);
        observer.Began(in call);
        Ended(in call, Libc.Shutdown(socket.Number, (int)how), out _);
    }

    public void Close(SocketHandle socket)
    {
        Objects.Remove(socket);
        Call call = new(SystemCall.Close, socket);
        observer.Began(in call);
        Ended(in call, Libc.Close(socket.Number), out _);
    }

    /// <summary>Closes a descriptor that is no socket: of an epoll, or of a ring.</summary>
    internal void Close(FileDescriptor file)
    {
        if (file.IsInvalid || file.IsClosed)
            return;

        Call call = new(SystemCall.Close, new SocketHandle((int)file.DangerousGetHandle()));
        observer.Began(in call);
        file.Dispose();
        observer.Ended(in call, 0, 0);
    }

    public int Available(SocketHandle socket) => Control(socket, Libc.FIONREAD);

    public int Unacknowledged(SocketHandle socket)
    {
        // After a reset the bytes are still counted, though they will never be acknowledged.
        return StateOf(socket) == Libc.TCP_CLOSE ? 0 : Control(socket, Libc.SIOCOUTQ);
    }

    public bool HasPeerLeft(SocketHandle socket) =>
        StateOf(socket) is Libc.TCP_CLOSE or Libc.TCP_CLOSE_WAIT or Libc.TCP_LAST_ACK or Libc.TCP_CLOSING && Unacknowledged(socket) == 0;

    public int BacklogLength(SocketHandle listener)
    {
        // For a listener, Linux puts the length of the accept queue in tcpi_unacked.
        const int TcpInfoUnacked = 24;
        Span<byte> info = stackalloc byte[TcpInfoUnacked + sizeof(int)];
        return GetOption(listener, Libc.IPPROTO_TCP, Libc.TCP_INFO, info) == info.Length ? MemoryMarshal.Read<int>(info[TcpInfoUnacked..]) : 0;
    }

    public SocketError PendingError(SocketHandle socket)
    {
        Span<byte> errno = stackalloc byte[sizeof(int)];
        int length = GetOption(socket, Libc.SOL_SOCKET, Libc.SO_ERROR, errno);
        int pending = MemoryMarshal.Read<int>(errno);
        return length < 0 ? SocketError.SocketError : pending == 0 ? SocketError.Success : Errno.Meaning(pending);
    }

    public IPEndPoint? PeerOf(SocketHandle socket)
    {
        Call call = new(SystemCall.GetPeerName, socket);
        observer.Began(in call);
        Span<byte> address = stackalloc byte[Libc.SOCKADDR_STORAGE_SIZE];
        int length = address.Length;
        Ended(in call, Libc.GetPeerName(socket.Number, address, ref length), out SocketError error);
        return error == SocketError.Success && SocketAddresses.AreOfIp(address[..length]) ? SocketAddresses.Read(address[..length]) : null;
    }

    public bool HasDescriptors(int latest, SocketHandle open)
    {
        if (latest < DescriptorLimit.Current - (2 * DescriptorLimit.Headroom))
            return true;

        // The kernel gives the lowest number that is free: a duplicate tells which one that would be.
        Call call = new(SystemCall.FileControl, open, Libc.F_DUPFD_CLOEXEC);
        observer.Began(in call);
        int free = Ended(in call, Libc.FileControl(open.Number, Libc.F_DUPFD_CLOEXEC, 0), out SocketError error);
        if (error != SocketError.Success)
            return false;

        Close(new SocketHandle(free));
        return free < DescriptorLimit.Current - DescriptorLimit.Headroom;
    }

    public ISelector OpenSelector(SelectorRow row) => row.Open(this);

    /// <summary>The descriptors stay open: they belong to the set.</summary>
    public void Dispose() => Objects.Dispose();

    /// <summary>Reads a socket option. See getsockopt(2).</summary>
    /// <returns>How many bytes were written; -1 if it failed.</returns>
    internal int GetOption(SocketHandle socket, int level, int option, Span<byte> value)
    {
        Call call = new(SystemCall.GetSocketOption, socket, option);
        observer.Began(in call);
        int length = value.Length;
        Ended(in call, Libc.GetSocketOption(socket.Number, level, option, value, ref length), out SocketError error);
        return error == SocketError.Success ? length : -1;
    }

    /// <summary>Sets a socket option. See setsockopt(2).</summary>
    internal SocketError SetOption(SocketHandle socket, int level, int option, ReadOnlySpan<byte> value)
    {
        Call call = new(SystemCall.SetSocketOption, socket, option);
        observer.Began(in call);
        Ended(in call, Libc.SetSocketOption(socket.Number, level, option, value, value.Length), out SocketError error);
        return error;
    }

    /// <summary>fcntl(2) with a number.</summary>
    /// <exception cref="IOException">It failed.</exception>
    internal int FileControl(SocketHandle socket, int command, nint argument)
    {
        Call call = new(SystemCall.FileControl, socket, command);
        observer.Began(in call);
        int result = Ended(in call, Libc.FileControl(socket.Number, command, argument), out SocketError error);
        return error == SocketError.Success ? result : throw Errno.Failure("fcntl");
    }

    /// <summary>ioctl(2) that reads a number; 0 if it failed.</summary>
    private int Control(SocketHandle socket, uint request)
    {
        Call call = new(SystemCall.Control, socket, request);
        observer.Began(in call);
        Ended(in call, Libc.Control(socket.Number, request, out int value), out SocketError error);
        return error == SocketError.Success ? value : 0;
    }

    /// <summary>The state of a connection, as TCP_INFO in tcp(7) tells it; 0 if it is not known.</summary>
    private byte StateOf(SocketHandle socket)
    {
        Span<byte> state = stackalloc byte[1];
        return GetOption(socket, Libc.IPPROTO_TCP, Libc.TCP_INFO, state) == 1 ? state[0] : (byte)0;
    }

    /// <summary>What a model opens for itself must not take the runtime's last descriptors: see <see cref="DescriptorLimit"/>.</summary>
    /// <exception cref="IOException">This one does. It has been closed.</exception>
    private void DemandEnoughAreLeft(FileDescriptor opened, string call)
    {
        if (DescriptorLimit.LeavesEnough((int)opened.DangerousGetHandle()))
            return;

        Close(opened);
        throw Errno.Failure(call, Errno.EMFILE);
    }

    /// <summary>Reports a call that has returned, and turns its errno into a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Ended(in Call call, nint result, out SocketError error)
    {
        int errno = result >= 0 ? 0 : Marshal.GetLastPInvokeError();
        error = errno == 0 ? SocketError.Success : Errno.Meaning(errno);
        observer.Ended(in call, result, errno);
        return (int)result;
    }

    /// <summary>Reports a call whose failure the caller reads from errno: an observer must not have changed it.</summary>
    private int Ended(in Call call, nint result)
    {
        int errno = result >= 0 ? 0 : Marshal.GetLastPInvokeError();
        observer.Ended(in call, result, errno);
        Marshal.SetLastPInvokeError(errno);
        return (int)result;
    }
}
