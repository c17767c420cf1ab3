using System.Runtime.InteropServices;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Client;

/// <summary>Standard input by read(2): from a terminal whole lines, which the terminal's own line editing delivers.</summary>
/// <remarks>The Console's own stream would edit the lines itself, and change the terminal's settings for that.</remarks>
internal static class StandardInput
{
    private static readonly Stream? Managed = OperatingSystem.IsLinux() ? null : Console.OpenStandardInput();

    /// <summary>Returns if there is a standard input.</summary>
    /// <exception cref="IOException">It was closed when the program was started.</exception>
    public static void Demand()
    {
        if (!StandardStreams.HasInput)
            throw new IOException("standard input is closed: there is nothing to send");
    }

    /// <summary>Waits for the next bytes.</summary>
    /// <returns>How many bytes; 0 at the end.</returns>
    /// <exception cref="IOException">It cannot be read: it is a directory, or open for writing only.</exception>
    public static int Read(Span<byte> buffer)
    {
        try
        {
            return Managed?.Read(buffer) ?? ReadDescriptor(buffer);
        }
        catch (UnauthorizedAccessException refusal)
        {
            throw Unreadable(refusal.Message);
        }
    }

    private static int ReadDescriptor(Span<byte> buffer)
    {
        while (true)
        {
            int count = (int)Libc.Read(0, buffer, (nuint)buffer.Length);
            if (count >= 0)
                return count;

            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
                _ = Libc.Poll([new PollFd { Descriptor = 0, Events = Libc.POLLIN }], 1, Timeout.Infinite);
            else if (errno == Errno.EIO)
                return 0; // a terminal that was closed, or that belongs to another job
            else if (errno != Errno.EINTR)
                throw Unreadable(Errno.Describe(errno));
        }
    }

    private static IOException Unreadable(string reason) => new($"standard input cannot be read: {reason}");
}
