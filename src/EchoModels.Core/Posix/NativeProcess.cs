using System.Collections;
using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>A child process made by posix_spawn(3), which finds a socket where other programs find a terminal.</summary>
/// <remarks>
/// No shell comes between. The child gets standard input and output, shares our standard error, and has no other descriptor:
/// ours are all close-on-exec, and those that we have inherited are made so. Its signals are as a program expects them: none is
/// blocked, and none ignored (.NET ignores SIGPIPE, of which a child has to die when nobody hears it any more). Its process group
/// is its own, so that a Ctrl+C at the terminal is for the server to decide upon.
/// </remarks>
internal static unsafe class NativeProcess
{
    /// <summary>Starts a program.</summary>
    /// <param name="command">Its name, searched along the PATH, and its arguments.</param>
    /// <param name="socket">What becomes its standard input and output.</param>
    /// <param name="want">Why the system has no process to give now: EAGAIN or ENOMEM, see the limits in fork(2). Else null.</param>
    /// <returns>The process; 0 if there is none to be had.</returns>
    /// <exception cref="IOException">It cannot be run at all.</exception>
    public static int Start(IReadOnlyList<string> command, SafeHandle socket, out IOException? want)
    {
        using NativeStrings arguments = new(command);
        using NativeStrings environment = new(Environment());

        // posix_spawn_file_actions_t is 80 bytes, posix_spawnattr_t 336, sigset_t 128.
        long* actions = stackalloc long[32];
        long* attributes = stackalloc long[64];
        _ = Libc.SpawnActionsInit(actions);
        _ = Libc.SpawnActionsAddDuplicate(actions, socket, 0);
        _ = Libc.SpawnActionsAddDuplicate(actions, socket, 1);
        _ = Libc.SpawnAttributesInit(attributes);
        SetAttributes(attributes);

        _ = Libc.CloseRange(Libc.SYS_close_range, 3, uint.MaxValue, Libc.CLOSE_RANGE_CLOEXEC);
        int error = Libc.Spawn(out int process, arguments.Pointers[0], actions, attributes, arguments.Pointers, environment.Pointers);
        _ = Libc.SpawnAttributesDestroy(attributes);
        _ = Libc.SpawnActionsDestroy(actions);
        IOException? failure = error == 0 ? null : Errno.Failure($"posix_spawn of {command[0]}", error);
        want = error is Errno.EAGAIN or Errno.ENOMEM ? failure : null;
        return failure is null ? process : want is not null ? 0 : throw failure;
    }

    /// <summary>How a process ended, by its status of waitpid(2): its exit code, or 128 and the signal, as shells tell it.</summary>
    public static int ExitCode(int status) => (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);

    /// <summary>Sees to it that SIGCHLD comes: started with that signal ignored, a process is never told, and its children vanish.</summary>
    public static void EnableSigchld()
    {
        // struct sigaction begins with the handler.
        long* action = stackalloc long[32];
        if (Libc.SignalAction(Libc.SIGCHLD, 0, action) == 0 && action[0] == Libc.SIG_IGN)
            _ = Libc.Signal(Libc.SIGCHLD, Libc.SIG_DFL);
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
