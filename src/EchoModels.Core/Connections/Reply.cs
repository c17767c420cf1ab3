using System.Text;

namespace EchoModels.Connections;

/// <summary>What a client gets for each chunk it sends: the chunk itself, or the chunk changed.</summary>
/// <remarks>
/// However many steps it is made of, it comes down to some bytes before the chunk, the chunk as it is, in capitals or left out,
/// and some bytes behind it. A model so needs one buffer: it receives into the <see cref="Headroom"/> between them.
/// </remarks>
public sealed class Reply
{
    /// <summary>The most that prefixes and suffixes may come to, in bytes.</summary>
    public const int MaxBytes = 4096;

    private readonly byte[] _before;
    private readonly byte[] _behind;
    private readonly bool _upper;
    private readonly bool _leftOut;

    private Reply(byte[] before, byte[] behind, bool upper, bool leftOut)
    {
        _before = before;
        _behind = behind;
        _upper = upper;
        _leftOut = leftOut;
    }

    /// <summary>The chunk itself.</summary>
    public static Reply Echo { get; } = new([], [], upper: false, leftOut: false);

    /// <summary>The same, with the letters a to z in capitals: see <see cref="Capitals"/>.</summary>
    public Reply Upper() => new(Capitals.Of(_before), Capitals.Of(_behind), upper: true, _leftOut);

    /// <summary>The same, with a text before it.</summary>
    public Reply WithPrefix(string text) => new([.. Encoding.UTF8.GetBytes(text), .. _before], _behind, _upper, _leftOut);

    /// <summary>The same, with a text behind it.</summary>
    public Reply WithSuffix(string text) => new(_before, [.. _behind, .. Encoding.UTF8.GetBytes(text)], _upper, _leftOut);

    /// <summary>A text, whatever the client sent.</summary>
    public static Reply Fixed(string text) => new(Encoding.UTF8.GetBytes(text), [], upper: false, leftOut: true);

    /// <summary>The same, made of <see cref="ToArguments"/>.</summary>
    /// <exception cref="ArgumentException">They are not three.</exception>
    /// <exception cref="FormatException">One that is to be hexadecimal is not.</exception>
    public static Reply FromArguments(IReadOnlyList<string> arguments) => arguments is [string before, string behind, string form]
        ? new(Convert.FromHexString(before), Convert.FromHexString(behind), form == "upper", form == "left-out")
        : throw new ArgumentException($"Three words make a reply, and not {arguments.Count}.");

    /// <summary>Itself as three words on a command line, for a child that is to reply like this.</summary>
    public IReadOnlyList<string> ToArguments() =>
        [Convert.ToHexString(_before), Convert.ToHexString(_behind), _leftOut ? "left-out" : _upper ? "upper" : "as-is"];

    /// <summary>How many bytes it adds to a chunk at the most.</summary>
    public int AddedBytes => _before.Length + _behind.Length;

    /// <summary>The part of a buffer to receive a chunk into, so that the reply can be made around it.</summary>
    public Span<byte> Headroom(Span<byte> buffer) => buffer[_before.Length..^_behind.Length];

    /// <summary>Makes the reply to the chunk that was received into the <see cref="Headroom"/> of this buffer.</summary>
    /// <returns>The part of the buffer to send.</returns>
    public Span<byte> Wrap(Span<byte> buffer, int count)
    {
        if (this == Echo)
            return buffer[..count];

        if (_upper)
            Capitals.Apply(buffer.Slice(_before.Length, count));

        int end = _before.Length + (_leftOut ? 0 : count);
        _before.CopyTo(buffer);
        _behind.CopyTo(buffer[end..]);
        return buffer[..(end + _behind.Length)];
    }

    public override string ToString() => this == Echo ? "echo" : $"{AddedBytes} bytes around the chunk";
}
