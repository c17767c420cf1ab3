using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>What the server asks of the kernel, each as one entry in the ring. See io_uring_enter(2) for their fields.</summary>
internal static class UringRequests
{
    /// <summary>Accept whoever comes, until told otherwise: one answer for each. See io_uring_prep_multishot_accept(3).</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="listener">Out of whose backlog.</param>
    /// <param name="lasts">False: only the next one.</param>
    public static void Accept(this Ring ring, Listener listener, bool lasts)
    {
        ref Submission request = ref ring.Next(RequestKind.Accept, listener.Token);
        request.Operation = Uring.IORING_OP_ACCEPT;
        request.Options = lasts ? Uring.IORING_ACCEPT_MULTISHOT : (ushort)0;
        request.Descriptor = (int)listener.Socket.Handle;
        request.CallFlags = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;
    }

    /// <summary>Receive what comes into a buffer of the ring's: one answer for each chunk. See io_uring_prep_recv_multishot(3).</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="client">Whose bytes.</param>
    /// <param name="limit">The request ends when so many bytes have come; 0 ends it after the first chunk.</param>
    public static void Receive(this Ring ring, RingClient client, uint limit)
    {
        ref Submission request = ref ring.Next(RequestKind.Receive, client.Connection.Token);
        Receive(ref request, client.Descriptor, limit);
    }

    /// <summary>The same for any socket; for trying out.</summary>
    public static void Receive(ref Submission request, int descriptor, uint limit)
    {
        request.Operation = Uring.IORING_OP_RECV;
        request.Options = limit > 0 ? Uring.IORING_RECV_MULTISHOT : (ushort)0;
        request.Limit = limit;
        request.Flags = Uring.IOSQE_BUFFER_SELECT;
        request.Descriptor = descriptor;
    }

    /// <summary>Tell when this socket has something to receive. See io_uring_prep_poll_add(3).</summary>
    public static void Watch(this Ring ring, Socket bell)
    {
        ref Submission request = ref ring.Next(RequestKind.Bell);
        request.Operation = Uring.IORING_OP_POLL_ADD;
        request.Descriptor = (int)bell.Handle;
        request.CallFlags = (uint)Libc.POLLIN;
    }

    /// <summary>Send now what there is room for: the answer comes at once, and a buffer of the ring's is free again. See send(2).</summary>
    public static void Send(this Ring ring, RingClient client, nint address, int length) =>
        Send(ref ring.Next(RequestKind.Send, client.Connection.Token), client, address, length, Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT);

    /// <summary>Send as soon as there is room: the kernel waits, and we need not.</summary>
    /// <remarks>Without MSG_WAITALL it answers as soon as anything went out: one that is cancelled so has sent nothing.</remarks>
    public static void SendUnsent(this Ring ring, RingClient client, nint address, int length) =>
        Send(ref ring.Next(RequestKind.SendUnsent, client.Connection.Token), client, address, length, Libc.MSG_NOSIGNAL);

    /// <summary>Give up one request: it gets its last answer soon, and this gets one of its own. See io_uring_prep_cancel64(3).</summary>
    /// <remarks>The kernel finds it by what travels with it. To find requests by their descriptor, it would go through them all.</remarks>
    public static void Cancel(this Ring ring, RequestKind what, Token token = default)
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
