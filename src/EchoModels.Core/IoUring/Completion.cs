using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>What was asked of the kernel.</summary>
internal enum RequestKind
{
    /// <summary>To tell when the bell rings, which ends a wait.</summary>
    Bell,

    /// <summary>To accept whoever comes.</summary>
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

/// <summary>The kernel's answer to a request; several, if it was one that lasts (multishot).</summary>
/// <remarks>
/// The 64 bits that travel with a request are the socket's token, except for the uppermost four: those tell what was asked. No
/// request outlives its socket, so that the slot alone would do to find it.
/// </remarks>
internal readonly struct Completion(ulong userData, int result, uint flags)
{
    private const int KindShift = 60;
    private const ulong TokenMask = (1UL << KindShift) - 1;

    /// <summary>What was asked.</summary>
    public RequestKind Kind => (RequestKind)(userData >> KindShift);

    /// <summary>Whose request it was.</summary>
    public Token Token => Token.FromValue(userData & TokenMask);

    /// <summary>A count of bytes or a descriptor; or an errno, negated.</summary>
    public int Result => result;

    /// <summary>The errno; 0 if there is none.</summary>
    public int Error => result < 0 ? -result : 0;

    /// <summary>Whether the request goes on, and more answers will come.</summary>
    public bool HasMore => (flags & Uring.IORING_CQE_F_MORE) != 0;

    /// <summary>Whether the kernel took a buffer out of the buffer ring.</summary>
    public bool HasBuffer => (flags & Uring.IORING_CQE_F_BUFFER) != 0;

    /// <summary>Which buffer.</summary>
    public int Buffer => (int)(flags >> Uring.IORING_CQE_BUFFER_SHIFT);

    /// <summary>What travels with a request.</summary>
    public static ulong UserData(RequestKind kind, Token token) => (token.Value & TokenMask) | ((ulong)kind << KindShift);
}
