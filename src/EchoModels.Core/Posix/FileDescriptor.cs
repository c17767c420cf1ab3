using Microsoft.Win32.SafeHandles;

namespace EchoModels.Posix;

/// <summary>A descriptor that closes itself.</summary>
internal sealed class FileDescriptor() : SafeHandleMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle() => Libc.Close(handle) == 0;
}
