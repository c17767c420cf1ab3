using Microsoft.Win32.SafeHandles;

namespace EchoModels.Posix;

/// <summary>A descriptor that closes itself.</summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    public FileDescriptor(int number) : base(ownsHandle: true) => SetHandle(number);

    protected override bool ReleaseHandle() => Libc.Close(handle) == 0;
}
