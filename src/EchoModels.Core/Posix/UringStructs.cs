using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>struct io_uring_params: what is asked of io_uring_setup(2), and where it has put everything.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RingParameters
{
    public uint SubmissionEntries;
    public uint CompletionEntries;
    public uint Flags;
    public uint ThreadCpu;
    public uint ThreadIdle;
    public uint Features;
    public uint WorkersOf;
    private unsafe fixed uint _reserved[3];
    public SubmissionOffsets Submissions;
    public CompletionOffsets Completions;
}

/// <summary>struct io_sqring_offsets: bytes from the start of the mapping.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct SubmissionOffsets
{
    public uint Head;
    public uint Tail;
    public uint Mask;
    public uint Entries;
    public uint Flags;
    public uint Dropped;
    public uint Array;
}

/// <summary>struct io_cqring_offsets: bytes from the start of the mapping.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct CompletionOffsets
{
    public uint Head;
    public uint Tail;
    public uint Mask;
    public uint Entries;
    public uint Overflow;
    public uint Completions;
}

/// <summary>struct io_uring_sqe: one request to the kernel.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct Submission
{
    [FieldOffset(0)]
    public byte Operation;

    [FieldOffset(1)]
    public byte Flags;

    /// <summary>ioprio, which accept and receive use for flags of their own.</summary>
    [FieldOffset(2)]
    public ushort Options;

    [FieldOffset(4)]
    public int Descriptor;

    [FieldOffset(16)]
    public nint Address;

    [FieldOffset(24)]
    public uint Length;

    /// <summary>accept_flags, msg_flags or cancel_flags.</summary>
    [FieldOffset(28)]
    public uint CallFlags;

    [FieldOffset(32)]
    public ulong UserData;

    [FieldOffset(40)]
    public ushort BufferGroup;

    /// <summary>optlen: for a multishot receive the bytes after which it ends (Linux 6.17); older kernels refuse it (EINVAL).</summary>
    [FieldOffset(44)]
    public uint Limit;
}

/// <summary>struct io_uring_cqe: the kernel's answer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CompletionEntry
{
    public ulong UserData;
    public int Result;
    public uint Flags;
}

/// <summary>struct io_uring_buf: one buffer that the kernel may receive into.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct BufferEntry
{
    [FieldOffset(0)]
    public nint Address;

    [FieldOffset(8)]
    public uint Length;

    [FieldOffset(12)]
    public ushort Id;

    /// <summary>In the first entry, the ring's tail; in all others unused.</summary>
    [FieldOffset(14)]
    public ushort Tail;
}

/// <summary>struct io_uring_buf_reg: a ring of provided buffers, to be registered.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct BufferRegistration
{
    public nint Address;
    public uint Entries;
    public ushort Group;
}

/// <summary>struct io_uring_rsrc_update: here, the ring's own descriptor and its index among the thread's registered rings.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct RingRegistration
{
    [FieldOffset(0)]
    public uint Index;

    [FieldOffset(8)]
    public ulong Descriptor;
}

/// <summary>struct io_uring_getevents_arg: how long io_uring_enter(2) may sleep.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal struct WaitArgument
{
    public nint SignalMask;
    public uint SignalMaskSize;
    public uint LeastMicroseconds;
    public nint Limit;
}

/// <summary>struct __kernel_timespec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KernelTime
{
    public long Seconds;
    public long Nanoseconds;
}
