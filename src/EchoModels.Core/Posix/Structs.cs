using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>struct timeval of &lt;sys/time.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeValue
{
    public nint Seconds;
    public nint Microseconds;
}

/// <summary>sigset_t of &lt;signal.h&gt;: a bit per signal, counted from 1; glibc gives it room for 1,024.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct SignalSet
{
    private ulong _first64;

    public static SignalSet Of(params ReadOnlySpan<int> signals)
    {
        SignalSet set = default;
        foreach (int signal in signals)
            set._first64 |= 1UL << (signal - 1);

        return set;
    }
}

/// <summary>siginfo_t of &lt;signal.h&gt;, as far as it is used, on 64-bit systems: what a signal from a descriptor carries.</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct SignalInfo
{
    /// <summary>si_code: POLL_IN and the like, from 1 up, when a descriptor sent it; not positive when a process did.</summary>
    [FieldOffset(8)]
    public int Code;

    /// <summary>si_fd: the descriptor.</summary>
    [FieldOffset(24)]
    public int Descriptor;
}

/// <summary>struct f_owner_ex of &lt;fcntl.h&gt;: which thread gets a descriptor's signals.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FileOwner
{
    public int Kind;
    public int Id;
}

/// <summary>struct pollfd of &lt;poll.h&gt;: what to watch, what for, and what was found.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int Descriptor;
    public short Events;
    public short Returned;
}

/// <summary>struct rusage of &lt;sys/resource.h&gt;, as far as it is used; the kernel counts context switches, not we.</summary>
[StructLayout(LayoutKind.Sequential, Size = 144)]
internal struct ResourceUsage
{
    public TimeValue UserTime;
    public TimeValue SystemTime;
    private unsafe fixed long _unused[12];
    public nint VoluntarySwitches;
    public nint InvoluntarySwitches;
}

/// <summary>struct tcp_info of &lt;linux/tcp.h&gt;, as far as it is used: what the kernel has counted of a connection.</summary>
[StructLayout(LayoutKind.Explicit, Size = 216)]
internal struct TcpInfoFields
{
    [FieldOffset(0)]
    public byte State;

    [FieldOffset(120)]
    public ulong BytesAcknowledged;

    [FieldOffset(128)]
    public ulong BytesReceived;

    [FieldOffset(144)]
    public uint NotSentBytes;

    [FieldOffset(200)]
    public ulong BytesSent;

    [FieldOffset(208)]
    public ulong BytesRetransmitted;
}

/// <summary>struct msghdr of &lt;bits/socket.h&gt; on 64-bit systems.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    public nint Name;
    public uint NameLength;
    public nint* Vectors;
    public nuint VectorCount;
    public int* Control;
    public nuint ControlLength;
    public int Flags;
}

/// <summary>struct sock_filter of &lt;linux/filter.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FilterInstruction
{
    public ushort Code;
    public byte IfTrue;
    public byte IfFalse;
    public uint Operand;
}

/// <summary>struct sock_fprog of &lt;linux/filter.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FilterProgram
{
    public ushort Length;
    public FilterInstruction* Instructions;
}

/// <summary>An array of struct epoll_event, whose size depends on the processor.</summary>
/// <remarks>epoll_event is packed on x86 only (12 bytes), so that 32-bit programs could share it; elsewhere it is padded to 16.</remarks>
internal sealed class EpollEvents(int capacity)
{
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 12 : 16;

    private readonly byte[] _bytes = GC.AllocateArray<byte>(capacity * Stride, pinned: true);

    public int Capacity => capacity;

    public ref byte First => ref _bytes[0];

    public (uint Mask, ulong Data) this[int index]
    {
        get
        {
            ref byte start = ref _bytes[index * Stride];
            return (Unsafe.ReadUnaligned<uint>(ref start), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, Stride - sizeof(ulong))));
        }

        set
        {
            ref byte start = ref _bytes[index * Stride];
            Unsafe.WriteUnaligned(ref start, value.Mask);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref start, Stride - sizeof(ulong)), value.Data);
        }
    }
}
