using EchoModels.Connections;

namespace EchoModels.Tests.Support;

/// <summary>Models that a test makes up, to see how the host takes them.</summary>
internal static class FakeModel
{
    public static ModelRow Row(string name, Action<SocketSet, CancellationToken> serve) =>
        new(name, "", "", "", () => null, _ => new Fake(serve));

    public static ModelRow ThatCannotBeMade(string name) =>
        new(name, "", "", "", () => null, _ => throw new IOException($"{name} cannot be made"));

    public static ModelRow ThatThrowsBeforeAdopting(string name) =>
        Row(name, (_, _) => throw new IOException($"{name} throws before"));

    public static ModelRow ThatThrowsAfterAdopting(string name) => Row(name, (sockets, _) =>
    {
        sockets.ReportStarted();
        throw new IOException($"{name} throws after");
    });

    /// <summary>Accepts nobody and echoes nothing until it is stopped.</summary>
    public static void ServeNobody(SocketSet sockets, CancellationToken stop)
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
