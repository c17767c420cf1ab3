using System.Net;
using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>The same calls by System.Net.Sockets: for systems without Linux's calls, and for the models whose lesson is a Socket.</summary>
/// <remarks>
/// On Linux the numbers belong to the set, and a Socket object is only borrowed for each while a model serves; see
/// <see cref="SocketObjects"/>. Elsewhere this kernel makes the sockets. Its sockets never block in the operating system, because a
/// blocking call of the runtime can neither be interrupted without loss nor be trusted to report how much it has sent. A blocking call is
/// a poll of up to <see cref="BlockingMicroseconds"/> and then the call: two calls instead of one, and every count is true.
/// </remarks>
/// <param name="observer">Is told of each call.</param>
/// <param name="objects">The objects that were prepared; null for none.</param>
public sealed class RuntimeKernel(ICallObserver observer, SocketObjects? objects = null) : IKernel
{
    /// <summary>How long a blocking call waits before it returns to let the model look at its stop signal, in microseconds.</summary>
    public const int BlockingMicroseconds = 50_000;

    public ICallObserver Observer => observer;

    public TimeProvider Clock => TimeProvider.System;

    public LinuxKernel? Linux { get; } = OperatingSystem.IsLinux() ? new LinuxKernel(observer) : null;

    public SocketObjects Objects { get; } = objects ?? new SocketObjects(areNonBlocking: true);

    /// <summary>The Socket of a number.</summary>
    private Socket this[SocketHandle socket] => Objects[socket];

    public int Listen(IPEndPoint endPoint, int backlog, out IPEndPoint bound)
    {
        if (Linux is not null)
            return Linux.Listen(endPoint, backlog, out bound);

        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;

            socket.Bind(endPoint);
            socket.Listen(backlog);
            bound = (IPEndPoint)socket.LocalEndPoint!;
            return Objects.Add(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public int Connect(IPEndPoint server, out SocketError error)
    {
        if (Linux is not null)
            return Linux.Connect(server, out error);

        // A non-blocking connect of the runtime knows no other way than an exception to say "in progress".
        Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, NoDelay = true };
        error = Try(() => socket.Connect(server));
        if (error is SocketError.Success or SocketError.WouldBlock or SocketError.InProgress)
            return Objects.Add(socket);

        socket.Dispose();
        return -1;
    }

    public int Accept(SocketHandle listener, bool blocking, out SocketError error) => Linux is not null
        ? Linux.Accept(listener, blocking, out error)
        : AcceptSocket(listener, blocking, out error);

    /// <remarks>A method of its own: what its lambda captures is allocated when it begins.</remarks>
    private int AcceptSocket(SocketHandle listener, bool blocking, out SocketError error)
    {
        Call call = new(SystemCall.Accept, listener);
        observer.Began(in call);
        int number = -1;
        error = Wait(listener, SelectMode.SelectRead);
        if (error == SocketError.Success)
            error = Try(() => number = Objects.AddAccepted(this[listener].Accept()));
        if (error == SocketError.Success)
            SetBlocking(new SocketHandle(number), blocking);

        observer.Ended(in call, number, ErrnoOf(error));
        return number;
    }

    public int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error)
    {
        Call call = new(SystemCall.Receive, socket, buffer.Length);
        observer.Began(in call);
        error = Wait(socket, SelectMode.SelectRead);
        int count = error == SocketError.Success ? this[socket].Receive(buffer, SocketFlags.None, out error) : -1;
        return Ended(in call, count, error);
    }

    public int Send(SocketHandle socket, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        Call call = new(SystemCall.Send, socket, bytes.Length);
        observer.Began(in call);
        error = Wait(socket, SelectMode.SelectWrite);
        int count = error == SocketError.Success ? this[socket].Send(bytes, SocketFlags.None, out error) : -1;
        return Ended(in call, count, error);
    }

    public void SetBlocking(SocketHandle socket, bool blocking)
    {
        Socket found = this[socket];
        if (Linux is not null)
            return; // it has been non-blocking since the object was made

        found.Blocking = false;
        Objects.SetPolled(socket, blocking);
    }

    public void Shutdown(SocketHandle socket, SocketShutdown how)
    {
        if (Linux is not null)
        {
            Linux.Shutdown(socket, how); // Socket.Shutdown would set O_NONBLOCK as well, on the open file that a child process shares
            return;
        }

        Try(() => this[socket].Shutdown(how));
        if (how == SocketShutdown.Both)
            Objects.EndWaits(socket);
    }

    public void Close(SocketHandle socket)
    {
        Objects.Remove(socket);
        Linux?.Close(socket);
    }

    public int Available(SocketHandle socket) => Linux?.Available(socket) ?? this[socket].Available;

    public int Unacknowledged(SocketHandle socket) => Linux?.Unacknowledged(socket) ?? 0;

    public bool HasPeerLeft(SocketHandle socket) =>
        Linux?.HasPeerLeft(socket) ?? (this[socket].Poll(0, SelectMode.SelectRead) && this[socket].Available == 0);

    public int BacklogLength(SocketHandle listener) => Linux?.BacklogLength(listener) ?? 0;

    public SocketError PendingError(SocketHandle socket) => Linux?.PendingError(socket)
        ?? (SocketError)(int)this[socket].GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;

    public IPEndPoint? PeerOf(SocketHandle socket)
    {
        if (Linux is not null)
            return Linux.PeerOf(socket);

        IPEndPoint? peer = null;
        Try(() => peer = (IPEndPoint?)this[socket].RemoteEndPoint);
        return peer;
    }

    public bool HasDescriptors(int latest, SocketHandle open) => Linux?.HasDescriptors(latest, open) ?? true;

    public int OpenDatagramToItself()
    {
        if (Linux is not null)
            return Linux.OpenDatagramToItself();

        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Connect(socket.LocalEndPoint!);
        return Objects.Add(socket);
    }

    public ISelector OpenSelector(SelectorRow row) => row.Open(this);

    /// <summary>On Linux, gives the Socket objects up and leaves the numbers open.</summary>
    public void Dispose() => Objects.Dispose();

    private int Ended(in Call call, int count, SocketError error)
    {
        int result = error == SocketError.Success ? count : -1;
        observer.Ended(in call, result, ErrnoOf(error));
        return result;
    }

    /// <summary>Where a call is to block: waits for a while until it can be made.</summary>
    private SocketError Wait(SocketHandle socket, SelectMode mode) =>
        Linux is not null || !Objects.IsPolled(socket) || Objects.IsShutDown(socket) || this[socket].Poll(BlockingMicroseconds, mode)
            ? SocketError.Success
            : SocketError.WouldBlock;

    internal static int ErrnoOf(SocketError error) => error switch
    {
        SocketError.Success => 0,
        SocketError.WouldBlock => Posix.Errno.EAGAIN,
        SocketError.Interrupted => Posix.Errno.EINTR,
        SocketError.ConnectionReset => Posix.Errno.ECONNRESET,
        _ => Posix.Errno.EINVAL,
    };

    private static SocketError Try(Action call)
    {
        try
        {
            call();
            return SocketError.Success;
        }
        catch (SocketException refusal)
        {
            return refusal.SocketErrorCode;
        }
    }
}
