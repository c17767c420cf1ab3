using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EchoModels.SystemTests.Support;

/// <summary>System calls that the base class library does not have.</summary>
internal static partial class Native
{
    public const int SIGHUP = 1;
    public const int SIGINT = 2;
    public const int SIGQUIT = 3;
    public const int SIGKILL = 9;
    public const int SIGTERM = 15;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;

    private const int F_SETPIPE_SZ = 1031;
    private const int RLIMIT_NOFILE = 7;
    private const int O_CLOEXEC = 0x80000;
    private const int LOCK_EX = 2;
    private const uint SIOCOUTQ = 0x5411;

    /// <summary>Sends a signal to one process.</summary>
    public static void Signal(int process, int signal)
    {
        // A number of 0 or less would mean a group of processes.
        Assert.True(process > 1, $"{process} is no process to send a signal to");
        Check(Kill(process, signal), "kill");
    }

    /// <summary>Sends a signal to one process, which may have ended.</summary>
    public static void TrySignal(int process, int signal)
    {
        if (process > 1)
            _ = Kill(process, signal);
    }

    /// <summary>Changes the owner of a directory.</summary>
    public static void ChangeOwner(string directory, uint user) => Check(SetOwner(directory, user, user), "chown");

    /// <summary>Makes a pipe's buffer as small as the kernel allows.</summary>
    public static void Shrink(SafeHandle pipe) => Assert.True(FileControl(pipe, F_SETPIPE_SZ, 4096) > 0, "fcntl failed");

    /// <summary>Locks a directory, until it is disposed of. See flock(2).</summary>
    public static IDisposable LockDirectory(string path)
    {
        SafeFileHandle directory = Open(path, O_CLOEXEC, 0);
        Assert.False(directory.IsInvalid, $"open: {Marshal.GetLastPInvokeErrorMessage()}");
        Check(Lock(directory, LOCK_EX), "flock");
        return directory;
    }

    /// <summary>Bytes sent that the other kernel has not acknowledged yet.</summary>
    public static int Unacknowledged(Socket socket)
    {
        Check(Control(socket.SafeHandle, SIOCOUTQ, out int bytes), "ioctl");
        return bytes;
    }

    /// <summary>Changes how many descriptors a running process may have.</summary>
    /// <returns>The limit before.</returns>
    public static ulong LimitDescriptors(int process, ulong soft)
    {
        Check(ProcessLimit(process, RLIMIT_NOFILE, 0, out Limit before), "prlimit");
        Limit wanted = before with { Soft = soft };
        Check(ProcessLimit(process, RLIMIT_NOFILE, in wanted, 0), "prlimit");
        return before.Soft;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    private static void Check(int result, string call) =>
        Assert.True(result == 0, $"{call}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafeHandle file, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeHandle file, nuint request, out int value);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int ProcessLimit(int process, int resource, nint none, out Limit before);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int ProcessLimit(int process, int resource, in Limit wanted, nint none);

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(ulong Soft, ulong Hard);
}
