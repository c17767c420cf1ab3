using EchoModels.Kernel;
using Xunit;

namespace EchoModels.Tests.Kernel;

public sealed class TokenTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(12_345, 67_890)]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(3, int.MinValue)]
    [InlineData(-1, -1)]
    public void Survives_the_round_trip_through_64_bits(int slot, int generation)
    {
        Token token = new(slot, generation);

        Assert.Equal(token, Token.FromValue(token.Value));
    }

    [Fact]
    public void Differs_from_the_next_generation_in_the_same_slot() =>
        Assert.NotEqual(new Token(7, 1).Value, new Token(7, 2).Value);
}
