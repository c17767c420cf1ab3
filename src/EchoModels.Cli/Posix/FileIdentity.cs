using System.Runtime.InteropServices;

namespace EchoModels.Cli.Posix;

/// <summary>What a path names: its device and inode, its type and its owner. See inode(7).</summary>
internal sealed record FileIdentity(ulong Device, ulong Inode, uint Mode, uint User)
{
    public bool IsDirectory => (Mode & Libc.S_IFMT) == Libc.S_IFDIR;

    /// <summary>Examines a path, without following a link: by statx(2), or by lstat(2) where a sandbox refuses that.</summary>
    /// <exception cref="FileNotFoundException">There is nothing of that name.</exception>
    /// <exception cref="IOException">Both calls fail; the message names them and the error.</exception>
    public static FileIdentity Of(string path)
    {
        if (Libc.Status(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, out FileStatus status) == 0)
            return new FileIdentity(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode, status.Mode, status.User);

        int errno = Marshal.GetLastPInvokeError();
        if (errno is Errno.EPERM or Errno.ENOSYS)
            return ByLstat(path);

        throw Refusal("statx", path, errno);
    }

    /// <summary>struct stat of &lt;asm/stat.h&gt; begins alike on all 64-bit processors, but x86-64 has the mode behind the count of links.</summary>
    private static FileIdentity ByLstat(string path)
    {
        Span<byte> status = stackalloc byte[256];
        try
        {
            if (Libc.LinkStatus(path, status) != 0)
                throw Refusal("lstat", path, Marshal.GetLastPInvokeError());
        }
        catch (EntryPointNotFoundException)
        {
            throw new IOException("statx is refused, and this C library has no lstat"); // before glibc 2.33
        }

        int mode = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 24 : 16;
        int user = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 28 : 24;
        return new FileIdentity(
            MemoryMarshal.Read<ulong>(status), MemoryMarshal.Read<ulong>(status[8..]), MemoryMarshal.Read<uint>(status[mode..]), MemoryMarshal.Read<uint>(status[user..]));
    }

    private static IOException Refusal(string call, string path, int errno) =>
        errno == Errno.ENOENT ? new FileNotFoundException($"{path} does not exist") : Errno.Failure($"{call} {path}", errno);
}
