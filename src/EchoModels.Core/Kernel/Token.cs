namespace EchoModels.Kernel;

/// <summary>Names one socket of a set for good: the kernel gives a closed descriptor's number away again, a token is never reused.</summary>
/// <remarks>A slot is reused, in its next generation. An event left over from a closed socket so finds nothing, and not a stranger.</remarks>
public readonly record struct Token(int Slot, int Generation)
{
    /// <summary>The token as the one 64-bit number that epoll and io_uring carry for us.</summary>
    public ulong Value => ((ulong)(uint)Generation << 32) | (uint)Slot;

    /// <summary>The token that <see cref="Value"/> was made of.</summary>
    public static Token FromValue(ulong value) => new((int)(uint)value, (int)(uint)(value >> 32));
}
