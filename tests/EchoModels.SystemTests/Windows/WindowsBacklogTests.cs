using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>Clients that are gone before they are accepted, on Windows: there their accept fails (NotConnected).</summary>
[Slow, Collection(WindowsBuild.Collection)]
public sealed class WindowsBacklogTests(WindowsBuild build)
{
    /// <summary>With a pause of 200 ms for each, the next client would wait longer than it does.</summary>
    private const int Resets = 200;

    [Theory]
    [MemberData(nameof(WindowsModels.All), MemberType = typeof(WindowsModels))]
    public void Resets_in_the_backlog_are_no_reason_to_pause(string model)
    {
        using WindowsServer server = new(build, "--model", model);
        using Client first = new(server.Port);
        first.Echo("it serves");

        // While the process stands still, nothing is accepted.
        Native.Signal(server.Id, Native.SIGSTOP);
        for (int i = 0; i < Resets; i++)
            new Client(server.Port).Reset();

        using Client next = new(server.Port);
        Native.Signal(server.Id, Native.SIGCONT);
        first.CloseAndAwaitEnd(); // blocking serves the next one only then
        next.Echo("served at once");

        next.CloseAndAwaitEnd();
        server.End();
        Assert.Empty(server.LinesMatching("WRN|ERR"));
    }
}
