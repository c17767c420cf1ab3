using System.Runtime.InteropServices;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.CommandLine;

/// <summary>Standard output by write(2): every error is reported, in words that name the stream.</summary>
/// <remarks>The console's own stream reports nothing when the reading end of a pipe is closed, so that a program would go on writing to no effect.</remarks>
/// <param name="number">The descriptor; -1 if it is closed.</param>
internal sealed class StandardOutput(int number) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The error of a standard output that was closed when the program was started.</summary>
    public static IOException Closed() => new("standard output is closed");

    /// <summary>Writes all bytes.</summary>
    /// <exception cref="BrokenPipeException">It is a pipe that is no longer read.</exception>
    /// <exception cref="IOException">It cannot be written: it is closed, is a directory, or its disk is full.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (number < 0)
            throw Closed();

        while (buffer.Length > 0)
        {
            nint count = Libc.Write(number, buffer, (nuint)buffer.Length);
            if (count >= 0)
                buffer = buffer[(int)count..];
            else
                Handle(Marshal.GetLastPInvokeError());
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Handle(int errno)
    {
        if (errno == Errno.EAGAIN)
            _ = Libc.Poll([new PollFd { Descriptor = number, Events = Libc.POLLOUT }], 1, Timeout.Infinite);
        else if (errno == Errno.EPIPE)
            throw new BrokenPipeException();
        else if (errno != Errno.EINTR)
            throw new IOException($"standard output cannot be written: {Errno.Describe(errno)}");
    }
}

/// <summary>The program that read the output, head(1) for instance, has ended: nothing is left to do, and no error is printed.</summary>
internal sealed class BrokenPipeException() : IOException("standard output is a pipe that is no longer read");
