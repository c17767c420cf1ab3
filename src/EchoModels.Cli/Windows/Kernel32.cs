using System.Runtime.InteropServices;

namespace EchoModels.Cli.Windows;

/// <summary>Calls of Windows that the base class library does not have.</summary>
internal static partial class Kernel32
{
    public const int ERROR_FILE_NOT_FOUND = 2;

    /// <summary>WaitNamedPipeW: waits until an instance of a pipe can be connected to; fails at once if there is no such pipe.</summary>
    /// <param name="path">The path of the pipe.</param>
    /// <param name="milliseconds">The time limit; 0 would be the pipe's own.</param>
    [LibraryImport("kernel32", EntryPoint = "WaitNamedPipeW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool WaitNamedPipe(string path, uint milliseconds);
}
