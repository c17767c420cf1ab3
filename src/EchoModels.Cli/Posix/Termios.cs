using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EchoModels.Cli.Posix;

/// <summary>struct termios of &lt;bits/termios-struct.h&gt;: a terminal's settings for input, output and editing. See termios(3).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TerminalSettings
{
    public uint Input;
    public uint Output;
    public uint Control;
    public uint Local;
    public byte Line;
    public ControlCharacters Characters;
    public uint InputSpeed;
    public uint OutputSpeed;

    /// <summary>c_cc, by the indexes VMIN and VTIME.</summary>
    [InlineArray(32)]
    internal struct ControlCharacters
    {
        private byte _first;
    }
}

/// <summary>The C library's calls and constants for terminals and the process groups that share them, for Linux.</summary>
internal static partial class Termios
{
    // <asm-generic/termbits.h>
    public const uint ICANON = 0x2;
    public const uint ECHO = 0x8;
    public const int VTIME = 5;
    public const int VMIN = 6;
    public const int TCSANOW = 0;

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    public static partial int GetSettings(int terminal, out TerminalSettings settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    public static partial int SetSettings(int terminal, int when, in TerminalSettings settings);

    [LibraryImport("libc", EntryPoint = "tcgetpgrp", SetLastError = true)]
    public static partial int ForegroundGroup(int terminal);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    public static partial int OwnGroup();
}
