using EchoModels.Cli.Client;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class StandstillTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(250, 250, 0)]
    [InlineData(300, 250, 0)] // a wait may end late
    [InlineData(10_250, 250, 10_000)]
    [InlineData(60, 0, 60)]
    public void Is_the_time_beyond_what_a_step_may_take(long elapsed, long expected, long still) =>
        Assert.Equal(still * Clock.Millisecond, Standstill.In(elapsed * Clock.Millisecond, expected * Clock.Millisecond));

    [Slow, Fact]
    public void A_limit_does_not_include_it()
    {
        WaitLimit limit = new(TimeSpan.FromMilliseconds(200));
        limit.BeginStep();
        Thread.Sleep(500);
        limit.EndStep();
        Assert.False(limit.IsOver);

        int steps = 1;
        for (; !limit.IsOver; steps++)
        {
            Thread.Sleep(limit.BeginStep());
            limit.EndStep();
        }

        Assert.InRange(steps, 2, 100);
    }
}
