using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Limits;

/// <summary>No descriptor left: those inside are served, those outside wait, and nobody spins.</summary>
public sealed class DescriptorTests
{
    private const int Limit = 200;
    private const int TooMany = 300;
    private const int Some = 20;

    /// <summary>What a want of descriptors may cost, in per cent of a core.</summary>
    private const double MostPercent = 5;

    /// <summary>What may be said of it.</summary>
    private const int MostLinesASecond = 5;

    /// <summary>Those whose limit can be changed under way.</summary>
    /// <remarks>
    /// io-uring's kernel goes by the limit that held when the accept was asked for. A child of process inherits a limit that is
    /// too low to load its C library with, and the runtime needs a descriptor to hear of its end. async is served by threads of the
    /// runtime, which starts one when it sees fit, and ends the process if it has no descriptor for that.
    /// </remarks>
    public static TheoryData<string> Limitable => [.. Models.WithTriggers.Where(model => model is not ("io-uring" or "process" or "async"))];

    /// <summary>Those who hold many connections. Blocking holds one, and never runs out by itself; a pool needs workers enough.</summary>
    public static TheoryData<string> ForMany =>
        [.. Models.WithTriggers.Where(model => model != "blocking").Select(model => model == "thread-pool" ? "thread-pool --workers 200" : model)];

    [Theory]
    [MemberData(nameof(ForMany))]
    public void More_clients_than_fit_as_the_first_thing_after_the_start(string model)
    {
        using Server server = Server.Start(new Launch { Shell = $"ulimit -n {Limit}", Arguments = Serve(model) });
        using Crowd crowd = new(server, TooMany);
        server.AwaitLine("WRN cannot accept on .*descriptor");
        crowd.Clients[0].Echo("served");
        Thread.Sleep(1_000);

        AssertIsQuiet(server, model);
        for (int i = 0; i < 10; i++)
            crowd.Clients[i].Echo("served on");

        // One after the other leaves, and each lets another one in.
        foreach (Client client in crowd.Clients.Take(TooMany - 20))
            client.Dispose();
        foreach (Client client in crowd.Clients.TakeLast(20))
            client.Echo("served at last");

        server.AwaitLine("INF accepting again");
        Assert.True(server.IsAlive);
        using Client newcomer = new(server);
        newcomer.Echo("and so is a newcomer");
        Timing.Eventually(() => Accepted(server) == TooMany + 1, "all were accepted");
        Assert.Empty(server.Said("closed .*: (limit|reset)"));
    }

    [Theory]
    [MemberData(nameof(Limitable))]
    public void None_left_at_all_and_then_some_again(string model)
    {
        using Server server = Server.Start(new Launch { Arguments = Serve(model) });
        using Client inside = new(server);
        inside.Echo("served");
        ulong before = Native.LimitDescriptors(server.Id, 3);
        if (model == "blocking")
            inside.Dispose(); // as long as one is inside, it accepts nobody

        // Two, as a thread that sleeps in accept already has the descriptor for the next one: the kernel reserves it first.
        using Client outside = new(server);
        using Client farther = new(server);
        server.AwaitLine("WRN cannot accept on .*descriptor");
        AssertIsQuiet(server, model);
        if (model != "blocking")
            inside.Echo("served on");

        long again = Environment.TickCount64;
        Native.LimitDescriptors(server.Id, before);
        outside.Echo("served at last");
        Assert.InRange(Environment.TickCount64 - again, 0, 1_000);
        outside.Dispose();
        farther.Echo("served at last");
        server.AwaitLine("INF accepting again");
        server.End();
    }

    /// <summary>The last one that fits is served; nobody waits then, and so nobody is told of.</summary>
    [Theory]
    [MemberData(nameof(ForMany))]
    public void Full_to_the_last_place_there_is_no_complaint(string model)
    {
        using Server server = Server.Start(new Launch { Shell = $"ulimit -n {Limit}", Arguments = Serve(model) });
        using Crowd crowd = new(server, TooMany);
        server.AwaitLine("WRN cannot accept on .*descriptor");
        crowd.Clients[0].Echo("served");
        long places = Accepted(server);

        // Some of those who are inside leave, and whoever waits gives up, and is let in to be seen off; then the places are taken again.
        foreach (Client client in crowd.Clients.Skip((int)places - Some))
            client.Dispose();
        Timing.Eventually(() => server.Status().GetProperty("connections").GetProperty("open").GetInt32() == places - Some, "they have left");
        Timing.Eventually(() => server.Said("INF accepting again").Length == StdErr(server), "all that was complained of is over");
        int complaints = StdErr(server);
        using Crowd newcomers = new(server, Some);
        newcomers.Clients.ForEach(client => client.Echo("served"));
        Thread.Sleep(1_500);

        Assert.Equal(complaints, StdErr(server));
        using Client oneTooMany = new(server);
        Timing.Eventually(() => StdErr(server) == complaints + 1, "now somebody waits");
    }

    /// <summary>
    /// The runtime needs descriptors of its own: for a moment, a pipe for every thread that it starts. Its compiler's helper
    /// thread is one of those; it leaves after some seconds without work, or here at once, and is missed when it comes again.
    /// </summary>
    [Theory]
    [MemberData(nameof(ForMany))]
    public void The_runtime_itself_lives_through_a_long_want_of_descriptors(string model)
    {
        using Server server = Server.Start(new Launch
        {
            Shell = $"ulimit -n {Limit}",
            Arguments = Serve(model),
            Wrapper = ["env", "DOTNET_TC_BackgroundWorkerTimeoutMs=20"],
        });
        using Crowd crowd = new(server, TooMany);
        for (int i = 0; i < 50; i++)
        {
            crowd.Clients[i % 10].Echo("served");
            Thread.Sleep(100);
        }

        Assert.True(server.IsAlive);
        Assert.Empty(server.Said("closed"));
    }

    /// <summary>The first line of ours comes from 21 descriptors on; with fewer, .NET itself does not start, and says so in its own words.</summary>
    public static TheoryData<int> FewDescriptors => [25, 40, 60, 80, 100, 120, 130, 150];

    [Theory]
    [MemberData(nameof(FewDescriptors))]
    public void Too_few_descriptors_to_start_with_are_told_in_one_line(int limit)
    {
        using Server server = Server.Begin(new Launch { Shell = $"ulimit -n {limit}" });
        Timing.Eventually(() => !server.IsAlive || server.Said("listening on").Length > 0, "it has started, or given up");
        if (server.IsAlive)
        {
            server.AwaitPort();
            using Client client = new(server);
            client.Echo("served");
            server.End();
        }
        else
        {
            Assert.Equal(1, server.ExitCode());
            Assert.Contains("ulimit -n", Assert.Single(server.Lines));
        }
    }

    [Theory]
    [MemberData(nameof(FewDescriptors))]
    public void Too_few_for_the_other_verbs_are_told_in_one_line(int limit)
    {
        foreach (string verb in (string[])["models", "models --json", "status -p 1", "switch epoll -p 1", "client -p 1 -n 1", "--help"])
            WorksOrSaysWhyNot(Executable.RunUnder(["sh", "-c", $"ulimit -n {limit}; exec \"$0\" \"$@\""], verb.Split(' ')));
    }

    [Fact]
    public void Descriptors_that_it_was_started_with_count_as_well()
    {
        const string OpenHundred = "for ((i = 10; i < 110; i++)); do eval \"exec $i</dev/null\"; done; exec \"$0\" \"$@\"";
        Outcome outcome = Executable.RunUnder(["bash", "-c", "ulimit -n 200; " + OpenHundred], "models");
        Assert.Equal(1, outcome.ExitCode);
        WorksOrSaysWhyNot(outcome);
    }

    private static void WorksOrSaysWhyNot(Outcome outcome)
    {
        Assert.True(outcome.ExitCode is 0 or 1, outcome.Everything);
        Assert.True(outcome.ErrorLines.Length == outcome.ExitCode, outcome.Everything);
        Assert.All(outcome.ErrorLines, line => Assert.StartsWith("echomodels: ", line));
        Assert.DoesNotContain("unexpected", outcome.Error);
    }

    /// <summary>The command line for a model and its options.</summary>
    private static string[] Serve(string model) => ["serve", "-p", "0", "-m", .. model.Split(' ')];

    private static void AssertIsQuiet(Server server, string model)
    {
        int before = server.Lines.Length;
        long begin = Environment.TickCount64;
        if (model == "busy-poll")
            Thread.Sleep(2_000); // its processor is never quiet
        else
            Processor.AwaitShare(server.Id, MostPercent);

        long most = MostLinesASecond * (Environment.TickCount64 - begin) / 1_000;
        Assert.InRange(server.Lines.Length - before, 0, most);
        Assert.True(server.IsAlive);
    }

    private static int StdErr(Server server) => server.Said("WRN cannot accept").Length;

    private static long Accepted(Server server) => server.Status().GetProperty("connections").GetProperty("accepted").GetInt64();
}
