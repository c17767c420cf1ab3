using System.Text;
using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Connections;

/// <summary>The reply in capitals changes the letters a to z and no other byte, wherever a chunk begins and ends.</summary>
public sealed class ReplyTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("abc xyz", "ABC XYZ")]
    [InlineData("`az{@AZ[", "`AZ{@AZ[")]
    [InlineData("Café au lait", "CAFé AU LAIT")]
    [InlineData("你好, hello, 好 and more text than a register of the processor holds: é", "你好, HELLO, 好 AND MORE TEXT THAN A REGISTER OF THE PROCESSOR HOLDS: é")]
    public void Changes_the_letters_behind_other_characters_too(string chunk, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(Wrap(Reply.Echo.Upper(), Encoding.UTF8.GetBytes(chunk))));

    [Fact]
    public void Changes_the_letters_of_a_prefix_and_a_suffix_too() =>
        Assert.Equal("<É 好: ABC é!>", Encoding.UTF8.GetString(Wrap(Reply.Echo.WithPrefix("É 好: ").WithSuffix(" é!").Upper().WithPrefix("<").WithSuffix(">"), "abc"u8)));

    [Fact]
    public void Is_the_same_in_whatever_chunks_the_text_comes()
    {
        byte[] text = Encoding.UTF8.GetBytes("naïve café, 你好 und straße, \U0001f600 ok");
        string expected = Encoding.UTF8.GetString(Wrap(Reply.Echo.Upper(), text));
        Assert.Equal("NAïVE CAFé, 你好 UND STRAßE, \U0001f600 OK", expected);
        for (int cut = 0; cut <= text.Length; cut++)
        {
            byte[] joined = [.. Wrap(Reply.Echo.Upper(), text.AsSpan(0, cut)), .. Wrap(Reply.Echo.Upper(), text.AsSpan(cut))];
            Assert.Equal(expected, Encoding.UTF8.GetString(joined));
        }
    }

    [Fact]
    public void Changes_no_byte_but_a_to_z_of_whatever_length_and_content()
    {
        int seed = Seeds.Take();
        Random random = new(seed);
        for (int length = 0; length < 300; length++)
        {
            byte[] chunk = new byte[length]; // most of it is not UTF-8
            random.NextBytes(chunk);
            byte[] expected = [.. chunk.Select(value => value is >= (byte)'a' and <= (byte)'z' ? (byte)(value - 32) : value)];
            Assert.True(Wrap(Reply.Echo.Upper(), chunk).AsSpan().SequenceEqual(expected), $"length {length}, seed {seed}");
        }
    }

    private static byte[] Wrap(Reply reply, ReadOnlySpan<byte> chunk)
    {
        byte[] buffer = new byte[chunk.Length + reply.AddedBytes];
        chunk.CopyTo(reply.Headroom(buffer));
        return reply.Wrap(buffer, chunk.Length).ToArray();
    }
}
