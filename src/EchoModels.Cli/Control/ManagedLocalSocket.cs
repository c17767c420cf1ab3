using System.Net.Sockets;

namespace EchoModels.Cli.Control;

/// <summary>The Unix-domain socket as the runtime makes it, for macOS and FreeBSD.</summary>
/// <remarks>A connection is non-blocking, and a call that would block waits in Socket.Poll. Connect has no deadline: these systems refuse at once.</remarks>
internal sealed class ManagedLocalSocket : LocalSocket
{
    private readonly Socket _socket;

    private ManagedLocalSocket(Socket socket) => _socket = socket;

    public static new LocalSocket Create()
    {
        try
        {
            return new ManagedLocalSocket(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
        }
        catch (SocketException refusal)
        {
            throw new IOException($"socket: {refusal.Message}", refusal);
        }
    }

    public override void Bind(string path)
    {
        try
        {
            _socket.Bind(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException refusal)
        {
            throw new IOException($"bind {path}: {refusal.Message}", refusal);
        }
    }

    public override void Listen(int backlog)
    {
        try
        {
            _socket.Listen(backlog);
        }
        catch (SocketException refusal)
        {
            throw new IOException($"listen: {refusal.Message}", refusal);
        }
    }

    public override LocalSocket? Accept()
    {
        try
        {
            Socket accepted = _socket.Accept();
            accepted.Blocking = false;
            return new ManagedLocalSocket(accepted);
        }
        catch (Exception refusal) when (refusal is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    public override void StopAccepting() => _socket.Dispose();

    public override SocketError Connect(string path, Deadline deadline)
    {
        try
        {
            _socket.Connect(new UnixDomainSocketEndPoint(path));
            _socket.Blocking = false;
            return SocketError.Success;
        }
        catch (SocketException refusal)
        {
            return refusal.SocketErrorCode;
        }
    }

    public override int Receive(Span<byte> buffer, Deadline deadline, out SocketError error)
    {
        int count;
        do
            count = _socket.Receive(buffer, SocketFlags.None, out error);
        while (error == SocketError.WouldBlock && IsReady(SelectMode.SelectRead, deadline, ref error));

        return error == SocketError.Success ? count : 0;
    }

    public override SocketError Send(ReadOnlySpan<byte> bytes, Deadline deadline)
    {
        while (bytes.Length > 0)
        {
            int count = _socket.Send(bytes, SocketFlags.None, out SocketError error);
            if (error == SocketError.Success)
                bytes = bytes[count..];
            else if (error != SocketError.WouldBlock || !IsReady(SelectMode.SelectWrite, deadline, ref error))
                return error;
        }

        return SocketError.Success;
    }

    public override void Dispose() => _socket.Dispose();

    /// <summary>Waits until a call would not block; turns the error of the call that would into TimedOut when the time is up.</summary>
    private bool IsReady(SelectMode mode, Deadline deadline, ref SocketError error)
    {
        if (_socket.Poll(deadline.Remaining, mode))
            return true;

        error = SocketError.TimedOut;
        return false;
    }
}
