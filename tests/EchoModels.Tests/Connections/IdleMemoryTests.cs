using System.Net;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Connections;

/// <summary>What an idle connection keeps on the managed heap: no Socket object, also after models that need one.</summary>
[Slow]
public sealed class IdleMemoryTests
{
    private const int Connections = 2_000;
    private const int MaxBytesEach = 320;

    [Theory]
    [InlineData("epoll")]
    [InlineData("epoll-edge")]
    [InlineData("poll")]
    [InlineData("signal")]
    [InlineData("epoll", "async", "select")]
    [InlineData("epoll-edge", "select", "async")]
    [InlineData("poll", "async", "select")]
    [InlineData("signal", "busy-poll", "async")]
    public void Is_small(string model, params string[] visited)
    {
        HostServices services = new([new IPEndPoint(IPAddress.Loopback, 0)], 4096, new EchoPolicy());
        using EchoHost host = new(services.Sockets, services, EveryModel.Find(model));
        host.Start();
        LinuxKernel client = new(new CallCounters());
        int[] clients = new int[Connections];
        long before = Heap();
        for (int i = 0; i < Connections; i++)
            Assert.NotEqual(-1, clients[i] = client.Connect(services.Sockets.Listeners[0].EndPoint, out _));

        Limit.Until(() => services.Sockets.Count == Connections, "all are accepted");
        foreach (string other in visited.Append(model))
            host.Switch(EveryModel.Find(other));

        Assert.InRange((Heap() - before) / Connections, 0, MaxBytesEach);
        foreach (int number in clients)
            client.Close(new SocketHandle(number));

        host.Stop(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        services.Sockets.Dispose();
    }

    /// <summary>Twice: objects with a finalizer are freed by the second collection.</summary>
    private static long Heap()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
