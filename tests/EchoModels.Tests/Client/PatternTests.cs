using EchoModels.Cli.Client;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class PatternTests
{
    [Fact]
    public void Gives_every_client_its_own_position()
    {
        HashSet<int> positions = [.. Enumerable.Range(0, 20_000).Select(Pattern.StartOf)];

        Assert.Equal(20_000, positions.Count);
        Assert.All(positions, position => Assert.InRange(position, 0, Pattern.Period - 1));
    }

    [Fact]
    public void Is_the_same_sequence_however_it_is_cut()
    {
        int position = Pattern.StartOf(11);
        byte[] whole = Pattern.At(position, Pattern.MaxSpan).ToArray();
        List<byte> pieces = [];
        for (int length = 1; pieces.Count < whole.Length; length = (length * 2) + 1)
        {
            ReadOnlySpan<byte> piece = Pattern.At(position, Math.Min(length, whole.Length - pieces.Count));
            pieces.AddRange(piece);
            position = Pattern.Advance(position, piece.Length);
        }

        Assert.Equal(whole, pieces);
    }

    [Fact]
    public void Never_returns_more_than_the_longest_piece() =>
        Assert.Equal(Pattern.MaxSpan, Pattern.At(Pattern.Period - 1, long.MaxValue).Length);

    [Fact]
    public void Does_not_repeat_itself_within_a_period()
    {
        ReadOnlySpan<byte> bytes = Pattern.At(0, Pattern.Period);
        ReadOnlySpan<byte> start = bytes[..16];

        Assert.Equal(-1, bytes[1..].IndexOf(start));
    }
}
