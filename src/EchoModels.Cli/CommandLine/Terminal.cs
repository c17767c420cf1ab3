using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.CommandLine;

/// <summary>The terminal as a keyboard: each key is delivered at once and not echoed, and Dispose restores the settings.</summary>
/// <remarks>
/// Linux only. Console.ReadKey is no substitute: it leaves its settings in place when Ctrl+Z stops the program, and cannot read
/// again after a time in the background. See termios(3), and "Process groups and sessions" in credentials(7).
/// </remarks>
internal sealed class Terminal : IDisposable
{
    private const int Input = 0;
    private const int MaxRest = 64 * 1024;

    /// <summary>How often a program in the background checks whether it is in the foreground again; there is no signal for that.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private readonly byte[] _buffer = new byte[64];
    private readonly TerminalSettings _before;
    private readonly TerminalSettings _forKeys;
    private readonly TerminalSettings _forRest;
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

        _forRest = _forKeys;
        _forRest.Characters[Termios.VMIN] = 0;
        _forRest.Characters[Termios.VTIME] = 1; // tenths of a second

        _stop = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop);
        _continue = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Set(_forKeys));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Set(_before);
    }

    /// <summary>Whether this program belongs to the terminal's foreground job. See tcgetpgrp(3).</summary>
    /// <param name="descriptor">A descriptor of the terminal.</param>
    public static bool IsForeground(int descriptor)
    {
        if (!OperatingSystem.IsLinux())
            return true;

        int group = Termios.ForegroundGroup(descriptor);
        return group < 0 || group == Termios.OwnGroup(); // below 0: the terminal has no job control
    }

    /// <summary>Whether this program may read the terminal's keys: it is in the foreground of its own controlling terminal.</summary>
    /// <remarks>A program in another session, as setsid(1) makes it, could read the keys that are meant for the terminal's shell.</remarks>
    /// <param name="descriptor">A descriptor of the terminal.</param>
    public static bool MayReadKeys(int descriptor) =>
        !OperatingSystem.IsLinux() || Termios.ForegroundGroup(descriptor) == Termios.OwnGroup();

    /// <summary>Ignores the signals that stop a background program which uses the terminal; a read there fails with EIO instead.</summary>
    public static void IgnoreStopSignals()
    {
        if (!OperatingSystem.IsLinux())
            return;

        _ = Libc.Signal(Libc.SIGTTIN, Libc.SIG_IGN);
        _ = Libc.Signal(Libc.SIGTTOU, Libc.SIG_IGN);
    }

    /// <summary>Waits for input, without a limit, and takes with it what follows at once: a key, or several characters that are pasted.</summary>
    /// <returns>The characters, also those of a key that sends a sequence; empty when the terminal is closed.</returns>
    public string ReadKeys()
    {
        while (true)
        {
            while (!IsForeground(Input))
                Thread.Sleep(PollInterval);

            Set(_forKeys);
            int count = (int)Libc.Read(Input, _buffer, (nuint)_buffer.Length);
            if (count > 0)
                return Encoding.UTF8.GetString(_buffer, 0, count) + ReadRest();
            if (count == 0 || (count < 0 && Termios.ForegroundGroup(Input) < 0))
                return "";
        }
    }

    /// <summary>Reads on until nothing has come for a tenth of a second: a paste may be longer than the buffer, or come in pieces.</summary>
    private string ReadRest()
    {
        StringBuilder rest = new();
        Set(_forRest);
        while (Libc.Read(Input, _buffer, (nuint)_buffer.Length) is > 0 and nint count && rest.Length < MaxRest)
            rest.Append(Encoding.UTF8.GetString(_buffer, 0, (int)count));

        Set(_forKeys);
        return rest.ToString();
    }

    public void Dispose()
    {
        Set(_before);
        _stop.Dispose();
        _continue.Dispose();
    }

    /// <summary>Handles Ctrl+Z: restores the terminal for the shell, then stops the process.</summary>
    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true; // the runtime's default action would ignore the signal
        Set(_before);
        _ = Libc.Kill(Environment.ProcessId, Libc.SIGSTOP);
    }

    /// <summary>Changes the terminal's settings, unless another job is in the foreground.</summary>
    private static void Set(in TerminalSettings settings)
    {
        if (IsForeground(Input))
            _ = Termios.SetSettings(Input, Termios.TCSANOW, in settings);
    }
}
