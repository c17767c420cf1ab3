using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>How large the rings are, and with which flags they are set up.</summary>
internal sealed record RingSettings
{
    /// <summary>Submissions that fit in before the kernel must take them; a power of two.</summary>
    public uint Submissions { get; init; } = 512;

    /// <summary>Completions that fit in before the kernel keeps them for later; a power of two.</summary>
    public uint Completions { get; init; } = 4096;

    /// <summary>Buffers for the kernel to receive into, shared by all connections; a power of two.</summary>
    public int Buffers { get; init; } = 256;

    /// <summary>Whether one request to receive lasts for many receives; only for a kernel that can limit them.</summary>
    public bool Multishot { get; init; }

    /// <summary>How long to look for completions before sleeping for them.</summary>
    public TimeSpan Spin { get; init; }

    /// <summary>Flags of io_uring_setup(2) to try, the best first.</summary>
    /// <remarks>
    /// The first (Linux 6.1): one thread promises to be the only one, and the kernel does its part of the work only when that thread
    /// asks for completions. The second (5.19): at least it does not interrupt the thread for it.
    /// </remarks>
    public IReadOnlyList<uint> SetupFlags { get; init; } =
    [
        Uring.IORING_SETUP_SINGLE_ISSUER | Uring.IORING_SETUP_DEFER_TASKRUN,
        Uring.IORING_SETUP_COOP_TASKRUN,
    ];
}
