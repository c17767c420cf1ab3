using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using EchoModels.Posix;

namespace EchoModels.Cli.CommandLine;

/// <summary>The terminal as a keyboard: it hands over each key at once and without an echo, and is given back as it was.</summary>
/// <remarks>
/// Linux only. Console.ReadKey would do, but it keeps the terminal when Ctrl+Z stops the program, and it cannot read again after a
/// while in the background. See termios(3), and "Process groups and sessions" in credentials(7).
/// </remarks>
internal sealed class Terminal : IDisposable
{
    private const int Input = 0;
    private const char Escape = '\u001b';

    /// <summary>How often a program in the background looks whether it is in front again: nobody tells it.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private readonly byte[] _buffer = new byte[64];
    private readonly TerminalSettings _before;
    private readonly TerminalSettings _forKeys;
    private readonly PosixSignalRegistration _stop;
    private readonly PosixSignalRegistration _continue;

    [SupportedOSPlatform("linux")]
    public Terminal()
    {
        _ = Termios.GetSettings(Input, out _before);
        _forKeys = _before;
        _forKeys.Local &= ~(Termios.ICANON | Termios.ECHO);
        _forKeys.Characters[Termios.VMIN] = 1;
        _forKeys.Characters[Termios.VTIME] = 0;

        _stop = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop);
        _continue = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Set(_forKeys));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Set(_before);
    }

    /// <summary>Whether a terminal is ours to use just now, and not that of a job in front of us. See tcgetpgrp(3).</summary>
    /// <param name="descriptor">A descriptor of the terminal.</param>
    public static bool IsOurs(int descriptor)
    {
        if (!OperatingSystem.IsLinux())
            return true;

        int group = Termios.ForegroundGroup(descriptor);
        return group < 0 || group == Termios.OwnGroup(); // below 0: it controls no jobs, so all may use it
    }

    /// <summary>Whether what is typed there is for us: it is ours, and does control our job.</summary>
    /// <remarks>Of a terminal of another session, as setsid(1) makes it, we could read the keys that are meant for its shell.</remarks>
    /// <param name="descriptor">A descriptor of the terminal.</param>
    public static bool HasKeysForUs(int descriptor) =>
        !OperatingSystem.IsLinux() || Termios.ForegroundGroup(descriptor) == Termios.OwnGroup();

    /// <summary>Has the terminal never stop this program for what it does in the background; there, a read fails with EIO instead.</summary>
    public static void IgnoreItsStops()
    {
        if (!OperatingSystem.IsLinux())
            return;

        _ = Libc.Signal(Libc.SIGTTIN, Libc.SIG_IGN);
        _ = Libc.Signal(Libc.SIGTTOU, Libc.SIG_IGN);
    }

    /// <summary>Waits for keys, for as long as it takes.</summary>
    /// <returns>A letter for each, none for those that send a sequence; empty when the terminal is gone.</returns>
    public string ReadKeys()
    {
        while (true)
        {
            while (!IsOurs(Input))
                Thread.Sleep(PollInterval);

            Set(_forKeys);
            int count = (int)Termios.Read(Input, _buffer, (nuint)_buffer.Length);
            if (count > 0 && _buffer[0] != Escape)
                return Encoding.Latin1.GetString(_buffer, 0, count);
            if (count == 0 || (count < 0 && Termios.ForegroundGroup(Input) < 0))
                return "";
        }
    }

    public void Dispose()
    {
        Set(_before);
        _stop.Dispose();
        _continue.Dispose();
    }

    /// <summary>Ctrl+Z: the shell in front gets a terminal that it can use.</summary>
    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true; // the runtime would only pass over it
        Set(_before);
        _ = Libc.Kill(Environment.ProcessId, Libc.SIGSTOP);
    }

    /// <summary>Changes the terminal, unless another job uses it.</summary>
    private static void Set(in TerminalSettings settings)
    {
        if (IsOurs(Input))
            _ = Termios.SetSettings(Input, Termios.TCSANOW, in settings);
    }
}
