using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>The requests to the kernel, each one entry in the ring. See io_uring_enter(2) for their fields.</summary>
internal static class UringRequests
{
    /// <summary>Accept connections until it is cancelled: one completion for each. See io_uring_prep_multishot_accept(3).</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="listener">Out of whose backlog.</param>
    /// <param name="multishot">False: only the next one.</param>
    public static void Accept(this Ring ring, Listener listener, bool multishot)
    {
        ref Submission request = ref ring.Next(RequestKind.Accept, listener.Token);
        request.Operation = Uring.IORING_OP_ACCEPT;
        request.Options = multishot ? Uring.IORING_ACCEPT_MULTISHOT : (ushort)0;
        request.Descriptor = listener.Socket.Number;
        request.CallFlags = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;
    }

    /// <summary>Receive what comes into a buffer of the ring's: one completion for each chunk. See io_uring_prep_recv_multishot(3).</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="client">Whose bytes.</param>
    /// <param name="limit">The request ends when so many bytes have come; 0 ends it after the first chunk.</param>
    public static void Receive(this Ring ring, RingClient client, uint limit)
    {
        ref Submission request = ref ring.Next(RequestKind.Receive, client.Connection.Token, limit);
        Receive(ref request, client.Descriptor, limit);
    }

    /// <summary>The same for any socket; to find out what the kernel supports.</summary>
    public static void Receive(ref Submission request, int descriptor, uint limit)
    {
        request.Operation = Uring.IORING_OP_RECV;
        request.Options = limit > 0 ? Uring.IORING_RECV_MULTISHOT : (ushort)0;
        request.Limit = limit;
        request.Flags = Uring.IOSQE_BUFFER_SELECT;
        request.Descriptor = descriptor;
    }

    /// <summary>Tell when the waker is readable. See io_uring_prep_poll_add(3).</summary>
    public static void PollWaker(this Ring ring, SocketHandle waker)
    {
        ref Submission request = ref ring.Next(RequestKind.Wake, waker.Token);
        request.Operation = Uring.IORING_OP_POLL_ADD;
        request.Descriptor = waker.Number;
        request.CallFlags = (uint)Libc.POLLIN;
    }

    /// <summary>Send now what there is room for: the completion comes at once, and a buffer of the ring's is free again. See send(2).</summary>
    public static void Send(this Ring ring, RingClient client, nint address, int length) =>
        Send(ref ring.Next(RequestKind.Send, client.Connection.Token, length), client, address, length, Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT);

    /// <summary>Send as soon as there is room: the kernel waits for it.</summary>
    /// <remarks>Without MSG_WAITALL it completes as soon as anything went out: one that is cancelled has therefore sent nothing.</remarks>
    public static void SendUnsent(this Ring ring, RingClient client, nint address, int length) =>
        Send(ref ring.Next(RequestKind.SendUnsent, client.Connection.Token, length), client, address, length, Libc.MSG_NOSIGNAL);

    /// <summary>Give up one request: its last completion comes soon, and this has one of its own. See io_uring_prep_cancel64(3).</summary>
    /// <remarks>The kernel finds it by its user data. To find requests by their descriptor, it would go through them all.</remarks>
    public static void Cancel(this Ring ring, RequestKind what, Token token)
    {
        ref Submission request = ref ring.Next(RequestKind.Cancel, token);
        request.Operation = Uring.IORING_OP_ASYNC_CANCEL;
        request.Address = (nint)Completion.UserData(what, token);
    }

    private static void Send(ref Submission request, RingClient client, nint address, int length, int flags)
    {
        request.Operation = Uring.IORING_OP_SEND;
        request.Descriptor = client.Descriptor;
        request.Address = address;
        request.Length = (uint)length;
        request.CallFlags = (uint)flags;
    }
}
