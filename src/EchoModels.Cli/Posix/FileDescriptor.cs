using Microsoft.Win32.SafeHandles;

namespace EchoModels.Cli.Posix;

/// <summary>A descriptor that is closed when its handle is disposed of.</summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <param name="number">The result of the call that made it: -1 makes an invalid handle, which is never closed.</param>
    public FileDescriptor(int number) : base(ownsHandle: true) => SetHandle(number);

    protected override bool ReleaseHandle() => Libc.Close(handle) == 0;
}
