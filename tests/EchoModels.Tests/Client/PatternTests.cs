using EchoModels.Cli.Client;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class PatternTests
{
    [Fact]
    public void Gives_every_client_a_place_of_its_own()
    {
        HashSet<int> places = [.. Enumerable.Range(0, 20_000).Select(Pattern.Entry)];

        Assert.Equal(20_000, places.Count);
        Assert.All(places, place => Assert.InRange(place, 0, Pattern.Period - 1));
    }

    [Fact]
    public void Is_the_same_sequence_however_it_is_cut()
    {
        int place = Pattern.Entry(11);
        byte[] whole = Pattern.At(place, Pattern.LongestPiece).ToArray();
        List<byte> pieces = [];
        for (int length = 1; pieces.Count < whole.Length; length = (length * 2) + 1)
        {
            ReadOnlySpan<byte> piece = Pattern.At(place, Math.Min(length, whole.Length - pieces.Count));
            pieces.AddRange(piece);
            place = Pattern.Advance(place, piece.Length);
        }

        Assert.Equal(whole, pieces);
    }

    [Fact]
    public void Never_hands_out_more_than_the_longest_piece() =>
        Assert.Equal(Pattern.LongestPiece, Pattern.At(Pattern.Period - 1, long.MaxValue).Length);

    [Fact]
    public void Does_not_repeat_itself_within_a_period()
    {
        ReadOnlySpan<byte> bytes = Pattern.At(0, Pattern.Period);
        ReadOnlySpan<byte> start = bytes[..16];

        Assert.Equal(-1, bytes[1..].IndexOf(start));
    }
}
