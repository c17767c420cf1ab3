namespace EchoModels.Kernel;

/// <summary>The name of one socket of a set, never given to another one: descriptors are recycled, tokens are not.</summary>
/// <remarks>A slot is used again with its next generation. An event left over from a closed socket therefore finds nothing.</remarks>
public readonly record struct Token(int Slot, int Generation)
{
    /// <summary>The token of a waker; no socket of a set has it.</summary>
    public static readonly Token Waker = new(-1, -1);

    /// <summary>The token of a socket that is in no set.</summary>
    public static readonly Token None = new(-1, -2);

    /// <summary>The token as the one 64-bit number that epoll and io_uring carry with an event.</summary>
    public ulong Value => ((ulong)(uint)Generation << 32) | (uint)Slot;

    /// <summary>The token that <see cref="Value"/> was made of.</summary>
    public static Token FromValue(ulong value) => new((int)(uint)value, (int)(uint)(value >> 32));
}
