using System.Collections;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EchoModels.Posix;

/// <summary>A child process made by posix_spawn(3), whose standard input and output are a socket.</summary>
/// <remarks>
/// No shell comes between. The child gets standard input and output, and no other descriptor of the server: those are all close-on-exec,
/// and inherited ones are made so. What it would say on standard error is discarded, as its exit code tells the same: a cat whose client
/// resets the connection complains. Its signals are as a program expects them: none is blocked, and none
/// ignored (.NET ignores SIGPIPE, which has to end a child whose client has gone). Its process group is its own, so that Ctrl+C at the
/// terminal reaches the server only.
/// </remarks>
internal static unsafe class NativeProcess
{
    /// <summary>Opened once, so that it is there when there is no descriptor left; null where there is none, and standard error is shared.</summary>
    private static readonly SafeFileHandle? NullDevice = OpenNullDevice();

    /// <summary>Starts a program.</summary>
    /// <param name="command">Its name, searched along the PATH, and its arguments.</param>
    /// <param name="socket">What becomes its standard input and output.</param>
    /// <param name="process">The process.</param>
    /// <returns>The error; 0 if there is none.</returns>
    public static int Start(IReadOnlyList<string> command, int socket, out int process)
    {
        using NativeStrings arguments = new(command);
        using NativeStrings environment = new(Environment());

        // posix_spawn_file_actions_t is 80 bytes, posix_spawnattr_t 336, sigset_t 128.
        long* actions = stackalloc long[32];
        long* attributes = stackalloc long[64];
        _ = Libc.SpawnActionsInit(actions);
        _ = Libc.SpawnActionsAddDuplicate(actions, socket, 0);
        _ = Libc.SpawnActionsAddDuplicate(actions, socket, 1);
        if (NullDevice is { } device)
            _ = Libc.SpawnActionsAddDuplicate(actions, (int)device.DangerousGetHandle(), 2);
        _ = Libc.SpawnAttributesInit(attributes);
        SetAttributes(attributes);

        _ = Libc.CloseRange(Libc.SYS_close_range, 3, uint.MaxValue, Libc.CLOSE_RANGE_CLOEXEC);
        int error = Libc.Spawn(out process, arguments.Pointers[0], actions, attributes, arguments.Pointers, environment.Pointers);
        _ = Libc.SpawnAttributesDestroy(attributes);
        _ = Libc.SpawnActionsDestroy(actions);
        return error;
    }

    /// <summary>How a process ended, by its status of waitpid(2): its exit code, or 128 and the signal, as shells tell it.</summary>
    public static int ExitCode(int status) => (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);

    /// <summary>Makes SIGCHLD come: in a process that was started with that signal ignored, it never does, and children leave no exit status.</summary>
    public static void EnableSigchld()
    {
        // struct sigaction begins with the handler.
        long* action = stackalloc long[32];
        if (Libc.SignalAction(Libc.SIGCHLD, 0, action) == 0 && action[0] == Libc.SIG_IGN)
            _ = Libc.Signal(Libc.SIGCHLD, Libc.SIG_DFL);
    }

    /// <summary>Asks whether a child has ended. See wait4(2).</summary>
    /// <param name="process">The child.</param>
    /// <param name="exitCode">Its exit code, or 128 and the signal; null if something else has waited for it.</param>
    /// <param name="usage">The processor time that it has used.</param>
    /// <returns>False while it lives.</returns>
    public static bool HasEnded(int process, out int? exitCode, out ResourceUsage usage)
    {
        int ended = Libc.WaitForProcess(process, out int status, Libc.WNOHANG, out usage);
        exitCode = ended > 0 ? ExitCode(status) : null;
        return ended != 0;
    }

    private static SafeFileHandle? OpenNullDevice()
    {
        try
        {
            return File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return null; // a root directory without devices
        }
    }

    private static void SetAttributes(long* attributes)
    {
        long* signals = stackalloc long[16];
        _ = Libc.SignalsNone(signals);
        _ = Libc.SpawnAttributesSetSignalMask(attributes, signals);
        _ = Libc.SignalsAll(signals);
        _ = Libc.SpawnAttributesSetSignalDefault(attributes, signals);
        _ = Libc.SpawnAttributesSetGroup(attributes, 0);
        _ = Libc.SpawnAttributesSetFlags(attributes, Libc.POSIX_SPAWN_SETSIGMASK | Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETPGROUP);
    }

    private static IEnumerable<string> Environment()
    {
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            yield return $"{variable.Key}={variable.Value}";
    }

    /// <summary>An array of C strings with a null pointer at its end, as execve(2) takes them.</summary>
    private sealed class NativeStrings : IDisposable
    {
        private readonly int _count;

        public NativeStrings(IEnumerable<string> strings)
        {
            nint[] copies = [.. strings.Select(Marshal.StringToCoTaskMemUTF8)];
            _count = copies.Length;
            Pointers = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
            copies.CopyTo(new Span<nint>(Pointers, _count));
        }

        public byte** Pointers { get; }

        public void Dispose()
        {
            foreach (nint copy in new Span<nint>(Pointers, _count))
                Marshal.FreeCoTaskMem(copy);

            NativeMemory.Free(Pointers);
        }
    }
}
