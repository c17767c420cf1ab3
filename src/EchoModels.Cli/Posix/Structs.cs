using System.Runtime.InteropServices;

namespace EchoModels.Cli.Posix;

/// <summary>struct timeval of &lt;sys/time.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeValue
{
    public nint Seconds;
    public nint Microseconds;

    public static TimeValue From(TimeSpan time) =>
        new() { Seconds = (nint)time.TotalSeconds, Microseconds = (nint)(time.TotalMicroseconds % 1_000_000) };
}

/// <summary>struct pollfd of &lt;poll.h&gt;: the descriptor to watch, the events to watch for, and those that occurred.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int Descriptor;
    public short Events;
    public short Returned;
}

/// <summary>struct statx of &lt;linux/stat.h&gt;, as far as it is used; the same on every processor.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    [FieldOffset(20)]
    public uint User;

    [FieldOffset(28)]
    public ushort Mode;

    [FieldOffset(32)]
    public ulong Inode;

    [FieldOffset(136)]
    public uint DeviceMajor;

    [FieldOffset(140)]
    public uint DeviceMinor;
}
