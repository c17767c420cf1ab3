using EchoModels.Connections;
using EchoModels.IoUring;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Rings;

public sealed class RingTests
{
    [Fact]
    public void Names_the_call_that_is_refused()
    {
        RingSettings settings = new() { Ways = [OddRings.Impossible] };
        IOException refusal = Assert.Throws<IOException>(() => new Ring(settings, new CallCounters(), Reply.Echo).Dispose());
        Assert.Equal("io_uring_setup: Invalid argument (EINVAL); Linux 5.19 or later is needed", refusal.Message);
    }
}
