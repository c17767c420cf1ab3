using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <summary>What a process inherits through execve(2) from the one that started it: which signals are blocked.</summary>
/// <remarks>
/// A supervisor that blocks signals for its own purposes and starts a program without clearing the mask would otherwise have a server that
/// neither ends nor switches. Each thread inherits the mask of the one that starts it. See signal(7), "Signal mask and pending signals".
/// </remarks>
public static class InheritedSignals
{
    /// <summary>Those that end, stop or continue the program, and those that it sends itself or gets from its children.</summary>
    private static readonly SignalSet Needed = SignalSet.Of(
        Libc.SIGHUP, Libc.SIGINT, Libc.SIGQUIT, Libc.SIGTERM, Libc.SIGCHLD, Libc.SIGCONT, Libc.SIGTSTP, Libc.SIGURG);

    /// <summary>Unblocks what the program relies on, for the calling thread and those that it will start. To be called first.</summary>
    public static void Unblock()
    {
        if (OperatingSystem.IsLinux())
            _ = Libc.ThreadSignalMask(Libc.SIG_UNBLOCK, in Needed, out _);
    }
}
