using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Control;

/// <summary>Chooses the path of a server's control socket: one per port, in a directory that only its user can enter.</summary>
/// <remarks>
/// The first usable directory of $XDG_RUNTIME_DIR/echomodels and $TMPDIR/echomodels-UID, where TMPDIR is /tmp if it is not set. There
/// another user may have made the directory first; a directory of another user is not used. On Windows it is echomodels in the user's own
/// directory for temporary files.
/// </remarks>
internal static class ControlDirectory
{
    /// <summary>The longest path of a Unix-domain socket, in bytes. See unix(7).</summary>
    private const int MaxPathBytes = 107;

    /// <summary>The pause between two attempts to take the lock, in milliseconds.</summary>
    private const int PollInterval = 5;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The control sockets that there are, with the port of each; not those in directories that are not this user's.</summary>
    public static IEnumerable<(string Path, int Port)> Sockets()
    {
        foreach (string directory in Directories().Where(directory => Directory.Exists(directory) && WhyNotOwn(directory) is null))
        {
            foreach (string path in Directory.EnumerateFileSystemEntries(directory, "*.sock"))
            {
                if (Values.TryNumber(Path.GetFileNameWithoutExtension(path).Split('-')[0], 1, 65535, out int port))
                    yield return (path, port);
            }
        }
    }

    /// <summary>Why directories are not searched for control sockets; nothing about a directory that does not exist.</summary>
    public static IEnumerable<string> Refusals() =>
        Directories().Where(Path.Exists).Select(directory => (directory, Error: WhyNotOwn(directory)))
            .Where(refusal => refusal.Error is not null).Select(refusal => $"{refusal.directory} {refusal.Error}");

    /// <summary>Makes the directory for new control sockets, closes it to other users, and returns the possible paths, in order of preference.</summary>
    /// <remarks>The name of a socket is its port; the address is added where another server has that port on another address.</remarks>
    /// <exception cref="IOException">No directory can be used; the message gives the reasons.</exception>
    public static IReadOnlyList<string> Prepare(IPEndPoint endPoint)
    {
        List<string> errors = [];
        foreach (string directory in Directories())
        {
            string[] paths = [.. ((string[])[$"{endPoint.Port}.sock", $"{endPoint.Port}-{endPoint.Address.ToString().Replace(':', '_')}.sock"])
                .Select(name => Path.Combine(directory, name)).Where(path => Encoding.UTF8.GetByteCount(path) <= MaxPathBytes)];
            string? error = paths.Length == 0 ? "the path is too long for a socket" : ErrorOf(directory);
            if (error is null)
                return paths;

            errors.Add($"{directory} {error}");
        }

        throw new IOException(string.Join("; ", errors));
    }

    /// <summary>Why a directory is not known to be this user's, so that a socket in it cannot be trusted; null if it is.</summary>
    public static string? WhyNotOwn(string directory)
    {
        if (!OperatingSystem.IsLinux())
            return null;

        try
        {
            FileIdentity identity = FileIdentity.Of(directory);
            return !identity.IsDirectory ? "is not a directory"
                : identity.User != Libc.EffectiveUser() ? "belongs to another user"
                : null;
        }
        catch (IOException failure)
        {
            return $"cannot be examined: {failure.Message}";
        }
    }

    /// <summary>Locks the directory of a socket against other servers, until the lock is disposed of.</summary>
    /// <remarks>On Linux, where the file system has no locks, nothing is locked.</remarks>
    /// <returns>Null if another server has held the lock until the deadline.</returns>
    /// <exception cref="IOException">The directory cannot be opened.</exception>
    public static IDisposable? TryLock(string path, Deadline deadline)
    {
        string parent = Path.GetDirectoryName(path)!;
        if (!OperatingSystem.IsLinux())
            return TryLockFile(Path.Combine(parent, "lock"), deadline);

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

    /// <summary>The directory that a server's sockets go to; it is made, if need be. Null if there is none.</summary>
    /// <param name="error">Why there is none.</param>
    public static string? FirstUsable(out string error)
    {
        error = "";
        try
        {
            return Path.GetDirectoryName(Prepare(new IPEndPoint(IPAddress.Loopback, 65535))[0]);
        }
        catch (IOException refusal)
        {
            error = refusal.Message;
            return null;
        }
    }

    /// <summary>Opens a file that no other program can open meanwhile; there is no flock(2).</summary>
    private static FileStream? TryLockFile(string path, Deadline deadline)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception held) when (held is IOException or UnauthorizedAccessException)
            {
                if (deadline.HasPassed)
                    return null;
            }

            Thread.Sleep(PollInterval);
        }
    }

    private static IEnumerable<string> Directories()
    {
        if (OperatingSystem.IsWindows())
        {
            yield return Path.Combine(Path.GetTempPath(), "echomodels"); // which is the user's own
            yield break;
        }

        if (ExistingDirectory("XDG_RUNTIME_DIR") is { } runtime)
            yield return Path.Combine(runtime, "echomodels");

        yield return Path.Combine(ExistingDirectory("TMPDIR") ?? "/tmp", $"echomodels-{Libc.EffectiveUser()}");
    }

    /// <summary>The directory that an environment variable names: an empty value is none, and a relative path is ignored.</summary>
    /// <remarks>See the XDG Base Directory Specification, and "Environment Variables" in POSIX.</remarks>
    private static string? ExistingDirectory(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path && Path.IsPathRooted(path) && Directory.Exists(path) ? path : null;

    private static string? ErrorOf(string directory)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(directory);
                return null;
            }

            if (!Path.Exists(directory))
                Directory.CreateDirectory(directory, OwnerOnly);
            if (WhyNotOwn(directory) is { } reason)
                return reason;

            File.SetUnixFileMode(directory, OwnerOnly); // independently of the umask, and of the mode it had before
            return null;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return $"cannot be used: {refusal.Message.TrimEnd('.')}";
        }
    }
}
