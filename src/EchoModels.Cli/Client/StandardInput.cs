using System.Runtime.InteropServices;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Client;

/// <summary>Standard input by read(2): from a terminal whole lines, which the terminal's own line editing delivers.</summary>
/// <remarks>The Console's own stream would edit the lines itself, and change the terminal's settings for that.</remarks>
internal static class StandardInput
{
    private static readonly Stream? Managed = OperatingSystem.IsLinux() ? null : Console.OpenStandardInput();

    /// <summary>Waits for the next bytes.</summary>
    /// <returns>How many bytes; 0 at the end, and also if standard input cannot be read.</returns>
    public static int Read(Span<byte> buffer)
    {
        try
        {
            return Managed?.Read(buffer) ?? ReadDescriptor(buffer);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static int ReadDescriptor(Span<byte> buffer)
    {
        while (Descriptors.IsInherited(0))
        {
            int count = (int)Libc.Read(0, buffer, (nuint)buffer.Length);
            if (count >= 0)
                return count;

            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
                _ = Libc.Poll([new PollFd { Descriptor = 0, Events = Libc.POLLIN }], 1, Timeout.Infinite);
            else if (errno != Errno.EINTR)
                return 0;
        }

        return 0; // it was closed
    }
}
