using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>struct kevent of &lt;sys/event.h&gt; as on macOS and FreeBSD: one filter of one descriptor.</summary>
/// <remarks>FreeBSD has four more words at the end; <see cref="Size"/> tells how far the kernel steps.</remarks>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct KernelEvent
{
    [FieldOffset(0)]
    public nint Identifier;

    [FieldOffset(8)]
    public short Filter;

    [FieldOffset(10)]
    public ushort Flags;

    [FieldOffset(12)]
    public uint FilterFlags;

    [FieldOffset(16)]
    public nint Data;

    [FieldOffset(24)]
    public ulong UserData;

    public static int Size => OperatingSystem.IsFreeBSD() ? 64 : 32;
}

/// <summary>The calls and constants of kqueue(2).</summary>
internal static unsafe partial class Kqueue
{
    public const short EVFILT_READ = -1;
    public const short EVFILT_WRITE = -2;
    public const ushort EV_ADD = 0x0001;
    public const ushort EV_DELETE = 0x0002;
    public const ushort EV_ENABLE = 0x0004;
    public const ushort EV_DISABLE = 0x0008;

    [LibraryImport("libc", EntryPoint = "kqueue", SetLastError = true)]
    public static partial int Create();

    [LibraryImport("libc", EntryPoint = "kevent", SetLastError = true)]
    public static partial int Event(SafeHandle queue, byte* changes, int changeCount, byte* events, int eventCount, TimeSpecification* timeout);
}

/// <summary>struct timespec of &lt;time.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeSpecification
{
    public nint Seconds;
    public nint Nanoseconds;
}
