using EchoModels.Metering;
using EchoModels.Rings;
using EchoModels.Sockets;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Rings;

public sealed class RingTests
{
    [Fact]
    public void Names_the_call_that_is_refused()
    {
        RingSettings settings = new() { Ways = [OddRings.Impossible] };
        IOException refusal = Assert.Throws<IOException>(() => new Ring(settings, new Tally(), Reply.Echo).Dispose());
        Assert.Equal("io_uring_setup: Invalid argument (EINVAL); Linux 5.19 or later is needed", refusal.Message);
    }
}
