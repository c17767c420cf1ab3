using EchoModels.Connections;
using EchoModels.IoUring;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.IoUring;

public sealed class RingTests
{
    [Fact]
    public void Names_the_call_that_fails()
    {
        RingSettings settings = new() { SetupFlags = [RingVariants.Impossible] };
        IOException refusal = Assert.Throws<IOException>(() => new Ring(settings, new LinuxKernel(new CallCounters()), Reply.Echo).Dispose());
        Assert.Equal("io_uring_setup: Invalid argument (EINVAL); Linux 5.19 or later is needed", refusal.Message);
    }
}
