using System.Runtime.InteropServices;
using System.Text;
using EchoModels.Posix;

namespace EchoModels.Cli.Control;

/// <summary>Where a server's control socket lies: one per port, in a directory that only its user can enter.</summary>
/// <remarks>
/// The first of $XDG_RUNTIME_DIR/echomodels and /tmp/echomodels-UID that can be used. In /tmp somebody else may have made the
/// directory first; one that is not ours is not entered.
/// </remarks>
internal static class ControlDirectory
{
    /// <summary>The longest path a Unix-domain socket may have, in bytes. See unix(7).</summary>
    private const int LongestPath = 107;

    /// <summary>How often is looked whether a lock is free, in milliseconds.</summary>
    private const int PollInterval = 5;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The places to look for the control socket of a port, the likeliest first.</summary>
    public static IEnumerable<string> Candidates(int port) =>
        Directories().Select(directory => Path.Combine(directory, $"{port}.sock")).Where(path => Encoding.UTF8.GetByteCount(path) <= LongestPath);

    /// <summary>The path for a new control socket, its directory made and closed to others.</summary>
    /// <exception cref="IOException">No directory can be had; the message says why.</exception>
    public static string Prepare(int port)
    {
        List<string> complaints = [];
        foreach (string path in Candidates(port))
        {
            string directory = Path.GetDirectoryName(path)!;
            if (Complaint(directory) is not { } complaint)
                return path;

            complaints.Add($"{directory}: {complaint}");
        }

        throw new IOException(string.Join("; ", complaints));
    }

    /// <summary>Whether the directory of a socket is ours alone, so that what answers there is trusted.</summary>
    public static bool IsOurs(string directory) =>
        !OperatingSystem.IsLinux()
        || (Libc.Status(Libc.AT_FDCWD, directory, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, out FileStatus status) == 0
            && (status.Mode & Libc.S_IFMT) == Libc.S_IFDIR
            && status.User == Libc.EffectiveUser());

    /// <summary>Keeps other servers from opening theirs in the directory of a socket, until it is disposed of. Null if they will not let us.</summary>
    /// <remarks>For Linux only; and where the file system knows no locks, nobody is kept from anything.</remarks>
    /// <param name="path">The socket's path.</param>
    /// <param name="patience">How long to wait for one that is at it, in milliseconds.</param>
    /// <exception cref="IOException">The directory cannot be opened.</exception>
    public static IDisposable? TryLock(string path, int patience)
    {
        if (!OperatingSystem.IsLinux())
            return new FileDescriptor(); // nothing to hold

        string place = Path.GetDirectoryName(path)!;
        FileDescriptor directory = Libc.Open(place, Libc.O_CLOEXEC, 0);
        if (directory.IsInvalid)
            throw Errno.Failure($"open {place}");

        long deadline = Environment.TickCount64 + patience;
        while (Libc.Lock(directory, Libc.LOCK_EX | Libc.LOCK_NB) != 0)
        {
            if (Marshal.GetLastPInvokeError() is not (Errno.EAGAIN or Errno.EINTR))
                break;

            if (Environment.TickCount64 > deadline)
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

    private static string? Complaint(string directory)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(directory);
                return null;
            }

            Directory.CreateDirectory(directory, OwnerOnly);
            if (!IsOurs(directory))
                return "belongs to somebody else, or is no directory";

            File.SetUnixFileMode(directory, OwnerOnly); // whatever the umask, or an earlier owner, made of it
            return null;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return refusal.Message;
        }
    }
}
