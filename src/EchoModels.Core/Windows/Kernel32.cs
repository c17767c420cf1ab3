using System.Runtime.InteropServices;

namespace EchoModels.Windows;

/// <summary>Calls of Windows that the base class library does not have.</summary>
internal static partial class Kernel32
{
    /// <summary>CancelIoEx: ends the requests under way on a handle; each completes with ERROR_OPERATION_ABORTED.</summary>
    /// <param name="file">The handle.</param>
    /// <param name="overlapped">Which request; 0 for all of them.</param>
    /// <returns>False if there was none.</returns>
    [LibraryImport("kernel32", EntryPoint = "CancelIoEx")]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool CancelRequests(SafeHandle file, nint overlapped);
}
