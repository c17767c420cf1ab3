namespace EchoModels.Cli.Client;

/// <summary>The bytes that clients send: one periodic pseudo-random sequence, which each client starts at another position.</summary>
/// <remarks>
/// The position determines the byte, so an echo is checked without a copy of what was sent: a byte that is lost, duplicated,
/// moved or another client's is found at once. The period is a prime, so that no usual message size divides it.
/// </remarks>
internal static class Pattern
{
    public const int Period = 65_521;

    /// <summary>The most bytes that one send or receive moves.</summary>
    public const int MaxSpan = 64 * 1024;

    /// <summary>The distance between the start positions of two neighbours; prime to the period, so that no two clients start at the same one.</summary>
    private const int Stride = 7_919;

    /// <summary>One period and the beginning of the next, so that every send is one span.</summary>
    private static readonly byte[] Bytes = Make();

    /// <summary>The start position of the client in this slot.</summary>
    public static int StartOf(int slot) => (int)((long)slot * Stride % Period);

    /// <summary>The bytes from a position on, at most <see cref="MaxSpan"/> of them.</summary>
    public static ReadOnlySpan<byte> At(int position, long length) => Bytes.AsSpan(position, (int)Math.Min(length, MaxSpan));

    /// <summary>The position so many bytes further on.</summary>
    public static int Advance(int position, int count) => (int)((uint)(position + count) % Period);

    private static byte[] Make()
    {
        byte[] bytes = new byte[Period + MaxSpan];
        uint state = 12_345;
        for (int i = 0; i < Period; i++)
        {
            // The linear congruential generator of Numerical Recipes; its high bits are the most random.
            state = (state * 1_664_525) + 1_013_904_223;
            bytes[i] = (byte)(state >> 24);
        }

        for (int i = Period; i < bytes.Length; i++)
            bytes[i] = bytes[i - Period];

        return bytes;
    }
}
