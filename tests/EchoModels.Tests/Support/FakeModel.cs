using EchoModels.Connections;
using EchoModels.Models;

namespace EchoModels.Tests.Support;

/// <summary>Models that exist only in tests, to see what the host does with them.</summary>
internal static class FakeModel
{
    public static ModelRow Row(string name, Action<SocketSet, CancellationToken> serve) =>
        new(name, "", "", "", () => null, _ => new Fake(serve));

    public static ModelRow CannotBeCreated(string name) =>
        new(name, "", "", "", () => null, _ => throw new IOException($"{name} cannot be created"));

    public static ModelRow ThrowsBeforeStart(string name) =>
        Row(name, (_, _) => throw new IOException($"{name} throws before"));

    public static ModelRow ThrowsAfterStart(string name) => Row(name, (sockets, _) =>
    {
        sockets.ReportStarted();
        throw new IOException($"{name} throws after");
    });

    /// <summary>Holds the sockets until it is stopped: it accepts no client, and neither receives nor sends.</summary>
    public static void HoldSockets(SocketSet sockets, CancellationToken stop)
    {
        sockets.SetBlocking(false);
        sockets.ReportStarted();
        stop.WaitHandle.WaitOne();
    }

    private sealed class Fake(Action<SocketSet, CancellationToken> serve) : IEchoServer
    {
        public void Serve(SocketSet sockets, CancellationToken stop) => serve(sockets, stop);
    }
}
