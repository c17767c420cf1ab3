using System.Collections.Concurrent;
using EchoModels.Connections;
using EchoModels.IoUring;
using EchoModels.Kernel;
using EchoModels.Selectors;
using Xunit;

namespace EchoModels.Tests.Kernel;

/// <summary>An observer is told of the close of each descriptor of whose opening it was told.</summary>
public sealed class ClosingTests
{
    [Theory]
    [InlineData("epoll")]
    [InlineData("epoll-edge")]
    [InlineData("poll")]
    [InlineData("select")]
    [InlineData("select-fdset")]
    [InlineData("signal")]
    public void A_selector_tells_of_what_it_closes(string name) =>
        Check(kernel => kernel.OpenSelector(SelectorTable.Find(name)).Dispose(), least: name == "signal" ? 0 : 1);

    [Fact]
    public void A_ring_tells_of_what_it_closes()
    {
        Assert.SkipWhen(RingSupport.UnavailableReason() is not null, "io_uring is not available");
        Check(kernel => new Ring(new RingSettings { Submissions = 4, Completions = 8, Buffers = 2 }, kernel, Reply.Echo).Dispose(), least: 2);
    }

    private static void Check(Action<LinuxKernel> openAndClose, int least)
    {
        Descriptors descriptors = new();
        using LinuxKernel kernel = new(descriptors);
        openAndClose(kernel);
        Assert.True(descriptors.Opened.Count >= least, $"{descriptors.Opened.Count} were opened");
        Assert.Equal(descriptors.Opened.Order(), descriptors.Closed.Order());
    }

    /// <summary>Records the descriptors that calls open and close.</summary>
    private sealed class Descriptors : ICallObserver
    {
        public ConcurrentQueue<long> Opened { get; } = [];

        public ConcurrentQueue<long> Closed { get; } = [];

        public void Began(in Call call)
        {
        }

        public void Ended(in Call call, long result, int errno)
        {
            if (call.Kind is SystemCall.Socket or SystemCall.EpollCreate or SystemCall.UringSetup && result >= 0)
                Opened.Enqueue(result);
            else if (call.Kind == SystemCall.Close)
                Closed.Enqueue(call.Socket.Number);
        }

        public void ThreadEnded()
        {
        }
    }
}
