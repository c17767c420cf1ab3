namespace EchoModels.Cli.Client;

/// <summary>The bytes that clients send: one pseudo-random sequence without end, which each of them enters at a place of its own.</summary>
/// <remarks>
/// A position decides its byte, so whatever comes back can be checked without having kept what was sent: a byte that is lost,
/// doubled, moved or some other client's shows at once. The period is a prime, so that no usual message size divides it.
/// </remarks>
internal static class Pattern
{
    public const int Period = 65_521;

    /// <summary>The longest piece that one send or receive moves, in bytes.</summary>
    public const int LongestPiece = 64 * 1024;

    /// <summary>How far the entries of two neighbours are apart; prime to the period, so no two of so many clients share one.</summary>
    private const int Stride = 7_919;

    /// <summary>One period and the beginning of the next, so that every piece is one span.</summary>
    private static readonly byte[] Bytes = Make();

    /// <summary>Where the client in this slot enters.</summary>
    public static int Entry(int slot) => (int)((long)slot * Stride % Period);

    /// <summary>The next bytes at this place, at most <see cref="LongestPiece"/> of them.</summary>
    public static ReadOnlySpan<byte> At(int place, long length) => Bytes.AsSpan(place, (int)Math.Min(length, LongestPiece));

    /// <summary>The place so many bytes further on.</summary>
    public static int Advance(int place, int count) => (int)((uint)(place + count) % Period);

    private static byte[] Make()
    {
        byte[] bytes = new byte[Period + LongestPiece];
        uint state = 12_345;
        for (int i = 0; i < Period; i++)
        {
            // The linear congruential generator of Numerical Recipes; its high bits are the good ones.
            state = (state * 1_664_525) + 1_013_904_223;
            bytes[i] = (byte)(state >> 24);
        }

        for (int i = Period; i < bytes.Length; i++)
            bytes[i] = bytes[i - Period];

        return bytes;
    }
}
