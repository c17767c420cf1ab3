using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>Connections that have gone before they are accepted, in every model: none of them delays the next client.</summary>
public sealed class AcceptErrorTests
{
    /// <summary>With a pause of 200 ms for each, the next client would wait longer than it does.</summary>
    private const int Times = 200;

    public static TheoryData<string> AcceptingByCall => Models.QuickFor("async", Models.WithTriggers.Where(model => model != "io-uring"));

    public static TheoryData<string> Everyone => Models.QuickFor("io-uring", Models.WithTriggers);

    /// <summary>strace injects the error, which Linux returns only where a protocol or a firewall makes it.</summary>
    [Theory]
    [MemberData(nameof(AcceptingByCall))]
    public void An_error_of_the_connection_is_no_reason_to_pause(string model)
    {
        using RuntimeDirectory directory = new();
        using Server server = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", "0", "--model", .. model.Split(' ')],
            Wrapper = Strace.Command(
                Path.Combine(directory.Path, "trace"), "-e", "trace=accept4", "-e", $"inject=accept4:error=ECONNABORTED:when=1..{Times}"),
            Directory = directory,
        });
        AssertServesAtOnce(server);
        server.End();
    }

    [Theory]
    [MemberData(nameof(Everyone))]
    public void Resets_in_the_backlog_are_no_reason_to_pause(string model)
    {
        using Server server = Server.Start(["--model", .. model.Split(' ')]);
        using Client first = new(server);
        first.Echo("it serves");

        // While the process stands still, nothing is accepted.
        server.Signal(Native.SIGSTOP);
        for (int i = 0; i < Times; i++)
            new Client(server).Reset();

        server.Signal(Native.SIGCONT);
        first.CloseAndAwaitEnd(); // blocking serves the next one only then
        AssertServesAtOnce(server);
        server.End();
    }

    private static void AssertServesAtOnce(Server server)
    {
        using Client next = new(server);
        next.Echo("served at once");
        next.CloseAndAwaitEnd();
        Assert.Empty(server.LinesMatching("WRN|ERR"));
    }
}
