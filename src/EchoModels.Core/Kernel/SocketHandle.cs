namespace EchoModels.Kernel;

/// <summary>A socket: the number by which the kernel knows it, and the token by which the set and the events know it.</summary>
/// <remarks>
/// The kernel gives a closed number to the next socket that is opened; a token is never given again. A call from another thread than the
/// one that serves the socket therefore checks the token first, under the lock of its slot.
/// </remarks>
/// <param name="Number">The descriptor; -1 when the socket is closed, so that a late call fails with EBADF.</param>
/// <param name="Token">The name in the set; <see cref="Token.None"/> before the socket joins one.</param>
public readonly record struct SocketHandle(int Number, Token Token)
{
    /// <summary>A socket that is in no set.</summary>
    public SocketHandle(int number) : this(number, Token.None)
    {
    }

    /// <summary>Whether it has a number.</summary>
    public bool IsOpen => Number >= 0;

    /// <summary>The same socket after close(2).</summary>
    public SocketHandle Closed() => this with { Number = -1 };
}
