using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>What was requested of the kernel.</summary>
internal enum RequestKind
{
    /// <summary>To tell when the waker is readable, which ends a wait.</summary>
    Wake,

    /// <summary>To accept connections.</summary>
    Accept,

    /// <summary>To receive.</summary>
    Receive,

    /// <summary>To send at once as much as there is room for.</summary>
    Send,

    /// <summary>To send as soon as there is room.</summary>
    SendUnsent,

    /// <summary>To give up another request.</summary>
    Cancel,
}

/// <summary>The kernel's answer to a request; a multishot request has several.</summary>
/// <remarks>
/// The 64 bits that come back with a completion are the socket's token, except for the uppermost four: those tell what was requested. No
/// request outlives its socket, so the slot alone is enough to find it.
/// </remarks>
internal readonly struct Completion(ulong userData, int result, uint flags)
{
    private const int KindShift = 60;
    private const ulong TokenMask = (1UL << KindShift) - 1;

    /// <summary>What was requested.</summary>
    public RequestKind Kind => (RequestKind)(userData >> KindShift);

    /// <summary>Whose request it was.</summary>
    public Token Token => Token.FromValue(userData & TokenMask);

    /// <summary>A count of bytes or a descriptor; or an errno, negated.</summary>
    public int Result => result;

    /// <summary>The errno; 0 if there is none.</summary>
    public int Error => result < 0 ? -result : 0;

    /// <summary>Whether the request goes on, and more completions will come.</summary>
    public bool HasMore => (flags & Uring.IORING_CQE_F_MORE) != 0;

    /// <summary>Whether the kernel took a buffer out of the buffer ring.</summary>
    public bool HasBuffer => (flags & Uring.IORING_CQE_F_BUFFER) != 0;

    /// <summary>Which buffer.</summary>
    public int Buffer => (int)(flags >> Uring.IORING_CQE_BUFFER_SHIFT);

    /// <summary>What comes back with the completions of a request.</summary>
    public static ulong UserData(RequestKind kind, Token token) => (token.Value & TokenMask) | ((ulong)kind << KindShift);
}
