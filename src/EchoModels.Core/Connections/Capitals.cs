using System.Numerics;
using System.Runtime.InteropServices;

namespace EchoModels.Connections;

/// <summary>The ASCII letters a to z in capitals; every other byte stays as it is.</summary>
/// <remarks>
/// It works on bytes and not on characters, because a chunk may end within a character, and need not be text at all. In UTF-8 each byte of
/// a character beyond ASCII is 0x80 or more, so none of them is taken for a letter.
/// </remarks>
internal static class Capitals
{
    private const byte LetterCount = 26;
    private const byte CaseBit = 'a' - 'A';

    /// <summary>A copy in capitals.</summary>
    public static byte[] Of(ReadOnlySpan<byte> bytes)
    {
        byte[] copy = bytes.ToArray();
        Apply(copy);
        return copy;
    }

    /// <summary>Changes them in place.</summary>
    public static void Apply(Span<byte> bytes)
    {
        // As many bytes at once as a register of the processor holds.
        Span<Vector<byte>> vectors = MemoryMarshal.Cast<byte, Vector<byte>>(bytes);
        foreach (ref Vector<byte> vector in vectors)
        {
            Vector<byte> isLetter = Vector.LessThan(vector - new Vector<byte>((byte)'a'), new Vector<byte>(LetterCount));
            vector -= isLetter & new Vector<byte>(CaseBit);
        }

        foreach (ref byte value in bytes[(vectors.Length * Vector<byte>.Count)..])
        {
            if ((byte)(value - 'a') < LetterCount)
                value -= CaseBit;
        }
    }
}
