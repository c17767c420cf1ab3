using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Cli.Client;

/// <summary>Standard input as it comes: from a terminal in whole lines, which the terminal itself lets be edited.</summary>
/// <remarks>Console's own stream would edit the lines by itself, and switch the terminal off and on for that.</remarks>
internal static class TypedInput
{
    private static readonly Stream? Elsewhere = OperatingSystem.IsLinux() ? null : Console.OpenStandardInput();

    /// <summary>Waits for what comes next. See read(2).</summary>
    /// <returns>How many bytes; 0 at the end, and also where there is nothing that could be read.</returns>
    public static int Read(Span<byte> buffer)
    {
        try
        {
            return Elsewhere?.Read(buffer) ?? ReadDescriptor(buffer);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static int ReadDescriptor(Span<byte> buffer)
    {
        while (true)
        {
            int count = (int)Termios.Read(0, buffer, (nuint)buffer.Length);
            if (count >= 0)
                return count;

            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
                _ = Libc.Poll([new PollFd { Descriptor = 0, Events = Libc.POLLIN }], 1, Timeout.Infinite);
            else if (errno != Errno.EINTR)
                return 0;
        }
    }
}
