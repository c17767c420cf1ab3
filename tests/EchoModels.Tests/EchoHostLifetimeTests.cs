using System.Collections.Concurrent;
using System.Net;
using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

/// <summary>When a host can be started, switched, stopped and disposed of.</summary>
public sealed class EchoHostLifetimeTests
{
    /// <summary>A stop with this limit ends only because there is nothing left to wait for.</summary>
    private static readonly TimeSpan Unlimited = Timeout.InfiniteTimeSpan;

    [Fact]
    public void Can_be_stopped_before_it_was_started() => WithHost((host, sockets) =>
    {
        host.Stop(Unlimited, CancellationToken.None);

        Assert.True(host.Ended.IsCompletedSuccessfully);
        Assert.Empty(sockets.Listeners);
        Assert.Throws<SwitchRefusedException>(() => host.Switch(EveryModel.Find("poll")));
        Assert.Contains("stopped", Assert.Throws<InvalidOperationException>(host.Start).Message, StringComparison.Ordinal);
    });

    [Fact]
    public void Can_be_stopped_twice() => WithHost((host, _) =>
    {
        host.Start();
        host.Stop(Unlimited, CancellationToken.None);
        host.Stop(Unlimited, CancellationToken.None);

        Assert.True(host.Ended.IsCompletedSuccessfully);
    });

    [Fact]
    public void Can_be_started_once_and_not_be_switched_before() => WithHost((host, _) =>
    {
        InvalidOperationException early = Assert.Throws<InvalidOperationException>(() => host.Switch(EveryModel.Find("poll")));
        Assert.Contains("not been started", early.Message, StringComparison.Ordinal);
        host.Start();
        Assert.Contains("started already", Assert.Throws<InvalidOperationException>(host.Start).Message, StringComparison.Ordinal);
        host.Stop(Unlimited, CancellationToken.None);
    });

    [Fact]
    public void Waits_for_its_model_when_it_is_disposed_of()
    {
        ConcurrentQueue<string> ended = [];
        using ManualResetEventSlim mayEnd = new();
        ModelRow slow = FakeModel.Row("slow", (sockets, stop) =>
        {
            FakeModel.HoldSockets(sockets, stop);
            mayEnd.Wait(CancellationToken.None);
            ended.Enqueue("model");
        });
        HostServices services = new([new IPEndPoint(IPAddress.Loopback, 0)], backlog: 1);
        using SocketSet sockets = services.Sockets;
        EchoHost host = new(sockets, services, slow);
        host.Start();
        BackgroundWork disposal = BackgroundWork.Start(() =>
        {
            host.Dispose();
            ended.Enqueue("disposal");
        });
        Limit.Until(() => disposal.IsWaiting, "the disposal waits for the model");
        mayEnd.Set();
        disposal.Wait();

        Assert.Equal(["model", "disposal"], ended);
    }

    private static void WithHost(Action<EchoHost, SocketSet> test) => Limit.Run(Limit.Generous, "the test", () =>
    {
        HostServices services = new([new IPEndPoint(IPAddress.Loopback, 0)], backlog: 1);
        using SocketSet sockets = services.Sockets;
        using EchoHost host = new(sockets, services, EveryModel.Find("epoll"));
        test(host, sockets);
    });
}
