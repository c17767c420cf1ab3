using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EchoModels.SystemTests.Support;

/// <summary>The user's end of a pseudo-terminal. See pty(7).</summary>
internal sealed partial class PseudoTerminal : IDisposable
{
    private const int O_RDWR = 2;
    private const int O_NOCTTY = 0x100;
    private const int O_CLOEXEC = 0x80000;
    private const uint TIOCSWINSZ = 0x5414;
    private const int LocalModes = 12; // c_lflag, the fourth word of struct termios
    private const int ICANON = 0x2;
    private const int ECHO = 0x8;

    private readonly SafeFileHandle _user;

    public PseudoTerminal(int columns, int rows)
    {
        _user = Open(O_RDWR | O_NOCTTY | O_CLOEXEC);
        Assert.False(_user.IsInvalid, $"posix_openpt: {Marshal.GetLastPInvokeErrorMessage()}");
        byte[] name = new byte[64];
        Assert.Equal((0, 0, 0), (Grant(_user), Unlock(_user), Name(_user, name, (nuint)name.Length)));
        Path = Encoding.UTF8.GetString(name).TrimEnd('\0');
        Assert.Equal(0, Control(_user, TIOCSWINSZ, new WindowSize { Rows = (ushort)rows, Columns = (ushort)columns }));
        Stream = new FileStream(_user, FileAccess.ReadWrite, bufferSize: 0);
    }

    /// <summary>The file that is the terminal of the programs.</summary>
    public string Path { get; }

    /// <summary>Keys are written to it, and the output of the programs is read from it.</summary>
    public FileStream Stream { get; }

    /// <summary>struct termios, byte for byte: how the terminal treats input.</summary>
    public byte[] Settings
    {
        get
        {
            byte[] settings = new byte[64];
            Assert.Equal(0, GetSettings(_user, settings));
            return settings;
        }
    }

    /// <summary>Whether it echoes input and passes it on line by line, as for a shell.</summary>
    public bool IsOrdinary => (BitConverter.ToInt32(Settings, LocalModes) & (ICANON | ECHO)) == (ICANON | ECHO);

    /// <summary>Whether it passes each key on at once, without an echo.</summary>
    public bool IsForKeys => (BitConverter.ToInt32(Settings, LocalModes) & (ICANON | ECHO)) == 0;

    /// <summary>Waits for output, or for the last program to close the terminal, no longer than this.</summary>
    public bool HasOutput(int milliseconds)
    {
        const short POLLIN = 1;
        PollFd self = new() { File = (int)_user.DangerousGetHandle(), Events = POLLIN };
        return Poll(ref self, 1, milliseconds) == 1;
    }

    public void Dispose() => Stream.Dispose();

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial SafeFileHandle Open(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(SafeFileHandle user);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(SafeFileHandle user);

    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    private static partial int Name(SafeFileHandle user, Span<byte> name, nuint length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle user, nuint request, in WindowSize size);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetSettings(SafeFileHandle user, Span<byte> settings);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollFd file, nuint count, int milliseconds);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int File;
        public short Events;
        public short Returned;
    }

    /// <summary>struct winsize.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}
