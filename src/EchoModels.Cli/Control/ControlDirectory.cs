using System.Runtime.InteropServices;
using System.Text;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Control;

/// <summary>Chooses the path of a server's control socket: one per port, in a directory that only its user can enter.</summary>
/// <remarks>
/// The first usable directory of $XDG_RUNTIME_DIR/echomodels and /tmp/echomodels-UID. In /tmp another user may have made the
/// directory first; a directory of another user is not used.
/// </remarks>
internal static class ControlDirectory
{
    /// <summary>The longest path of a Unix-domain socket, in bytes. See unix(7).</summary>
    private const int MaxPathBytes = 107;

    /// <summary>The pause between two attempts to take the lock, in milliseconds.</summary>
    private const int PollInterval = 5;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The possible paths of the control socket of a port, in order of preference.</summary>
    public static IEnumerable<string> Candidates(int port) =>
        Directories().Select(directory => Path.Combine(directory, $"{port}.sock")).Where(path => Encoding.UTF8.GetByteCount(path) <= MaxPathBytes);

    /// <summary>Makes the directory for a new control socket, closes it to other users, and returns the path.</summary>
    /// <exception cref="IOException">No directory can be used; the message gives the reasons.</exception>
    public static string Prepare(int port)
    {
        List<string> errors = [];
        foreach (string path in Candidates(port))
        {
            string directory = Path.GetDirectoryName(path)!;
            if (ErrorOf(directory) is not { } error)
                return path;

            errors.Add($"{directory}: {error}");
        }

        throw new IOException(string.Join("; ", errors));
    }

    /// <summary>Whether a directory belongs to this user, so that a socket in it can be trusted.</summary>
    public static bool IsOwn(string directory) =>
        !OperatingSystem.IsLinux()
        || (Libc.Status(Libc.AT_FDCWD, directory, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, out FileStatus status) == 0
            && (status.Mode & Libc.S_IFMT) == Libc.S_IFDIR
            && status.User == Libc.EffectiveUser());

    /// <summary>Locks the directory of a socket against other servers, until the lock is disposed of.</summary>
    /// <remarks>On Linux only; where the file system has no locks, nothing is locked.</remarks>
    /// <returns>Null if another server has held the lock until the deadline.</returns>
    /// <exception cref="IOException">The directory cannot be opened.</exception>
    public static IDisposable? TryLock(string path, Deadline deadline)
    {
        if (!OperatingSystem.IsLinux())
            return new FileDescriptor(-1); // nothing to hold

        string parent = Path.GetDirectoryName(path)!;
        FileDescriptor directory = new(Libc.Open(parent, Libc.O_CLOEXEC, 0));
        if (directory.IsInvalid)
            throw Errno.Failure($"open {parent}");

        while (Libc.Lock(directory, Libc.LOCK_EX | Libc.LOCK_NB) != 0)
        {
            if (Marshal.GetLastPInvokeError() is not (Errno.EAGAIN or Errno.EINTR))
                break;

            if (deadline.HasPassed)
            {
                directory.Dispose();
                return null;
            }

            Thread.Sleep(PollInterval);
        }

        return directory;
    }

    private static IEnumerable<string> Directories()
    {
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && Directory.Exists(runtime))
            yield return Path.Combine(runtime, "echomodels");

        yield return OperatingSystem.IsWindows()
            ? Path.Combine(Path.GetTempPath(), "echomodels")
            : $"/tmp/echomodels-{Libc.EffectiveUser()}";
    }

    private static string? ErrorOf(string directory)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(directory);
                return null;
            }

            Directory.CreateDirectory(directory, OwnerOnly);
            if (!IsOwn(directory))
                return "belongs to another user, or is not a directory";

            File.SetUnixFileMode(directory, OwnerOnly); // independently of the umask, and of the mode it had before
            return null;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return refusal.Message;
        }
    }
}
