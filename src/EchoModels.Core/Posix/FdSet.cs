namespace EchoModels.Posix;

/// <summary>fd_set of select(2): a bit per descriptor, and none for 1,024 and above.</summary>
internal sealed class FdSet
{
    /// <summary>The bits of one word.</summary>
    public const int BitsPerWord = 64;

    /// <summary>The words, as select(2) takes them and writes its answer over them.</summary>
    public ulong[] Words { get; } = new ulong[Libc.FD_SETSIZE / BitsPerWord];

    /// <summary>FD_ISSET.</summary>
    public bool IsSet(int descriptor) => (Words[descriptor / BitsPerWord] & Bit(descriptor)) != 0;

    /// <summary>FD_SET, or FD_CLR.</summary>
    public void Set(int descriptor, bool on)
    {
        ref ulong word = ref Words[descriptor / BitsPerWord];
        word = on ? word | Bit(descriptor) : word & ~Bit(descriptor);
    }

    /// <summary>Makes it a copy of another one.</summary>
    public void CopyFrom(FdSet other) => other.Words.CopyTo(Words, 0);

    private static ulong Bit(int descriptor) => 1UL << (descriptor % BitsPerWord);
}
