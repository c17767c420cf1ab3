using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Limits;

/// <summary>Without a free descriptor, accepted clients are served, the others wait in the backlog, and the server does not spin.</summary>
public sealed class DescriptorTests
{
    private const int MaxDescriptors = 200;
    private const int TooMany = 300;
    private const int Some = 20;

    /// <summary>The beginning of the name of the thread that compiles in the background, and how often it is to be started.</summary>
    private const string CompilerThread = ".NET Tiered";
    private const int Restarts = 5;

    /// <summary>The processor time that a lack of descriptors may cost, in per cent of a core.</summary>
    private const double MostPercent = 5;

    /// <summary>The lines that may be written about it: one every few seconds, and not one for each attempt.</summary>
    private const int MostLines = 10;

    /// <summary>Models whose limit can be changed while they run.</summary>
    /// <remarks>
    /// For io-uring, the kernel uses the limit at the time of the accept request. A child of process inherits a limit too low to load
    /// its C library, and the runtime needs a descriptor to learn of its end. async is served by threads of the runtime, which
    /// starts one at any time, and ends the process if it has no descriptor for it.
    /// </remarks>
    public static TheoryData<string> Limitable => [.. Models.WithTriggers.Where(model => model is not ("io-uring" or "process" or "async"))];

    /// <summary>Models that serve many clients. Blocking serves one, and never lacks descriptors; a pool needs enough workers.</summary>
    public static TheoryData<string> ForMany =>
        Models.QuickFor("epoll", Models.WithTriggers.Where(model => model != "blocking").Select(model => model == "thread-pool" ? "thread-pool --workers 200" : model));

    [MainCase, Theory]
    [MemberData(nameof(ForMany))]
    public void Serves_more_clients_than_there_are_descriptors_one_after_the_other(string model)
    {
        using Server server = Server.Start(new Launch { Shell = $"ulimit -n {MaxDescriptors}", Arguments = Serve(model) });
        using ClientGroup clients = new(server, TooMany);
        server.AwaitLine("WRN cannot accept on .*descriptor");
        clients[0].Echo("served");

        AssertIsQuiet(server, model, clients[0]);
        for (int i = 0; i < 10; i++)
            clients[i].Echo("served again");

        // One after the other closes, and each close lets another one be accepted.
        foreach (Client client in clients.Take(TooMany - 20))
            client.Dispose();
        foreach (Client client in clients.TakeLast(20))
            client.Echo("served at last");

        server.AwaitLine("INF accepting again");
        Assert.True(server.IsAlive);
        using Client late = new(server);
        late.Echo("served as well");
        Limit.Until(() => Accepted(server) == TooMany + 1, "all were accepted");
        Assert.Empty(server.LinesMatching("closed .*: (limit|reset)"));
    }

    [Slow, Theory]
    [MemberData(nameof(Limitable))]
    public void Serves_again_when_there_are_descriptors_again_after_there_were_none(string model)
    {
        using Server server = Server.Start(new Launch { Arguments = Serve(model) });
        using Client served = new(server);
        served.Echo("served");
        ulong before = Native.LimitDescriptors(server.Id, 3);
        if (model == "blocking")
            served.Dispose(); // while it serves one client, it accepts no other

        // Two, as a blocked accept has a descriptor for the next client: the kernel reserves it first.
        using Client waiting = new(server);
        using Client next = new(server);
        server.AwaitLine("WRN cannot accept on .*descriptor");
        AssertIsQuiet(server, model, served);
        if (model != "blocking")
            served.Echo("served again");

        Native.LimitDescriptors(server.Id, before);
        waiting.Echo("served at last");
        waiting.Dispose();
        next.Echo("served at last");
        server.AwaitLine("INF accepting again");
        server.End();
    }

    /// <summary>The client with the last descriptor is served; no client waits then, so there is no warning.</summary>
    [Slow, Theory]
    [MemberData(nameof(ForMany))]
    public void Warns_only_when_a_client_waits_and_not_when_the_last_descriptor_is_taken(string model)
    {
        using Server server = Server.Start(new Launch { Shell = $"ulimit -n {MaxDescriptors}", Arguments = Serve(model) });
        using ClientGroup clients = new(server, TooMany);
        server.AwaitLine("WRN cannot accept on .*descriptor");
        clients[0].Echo("served");
        long most = Accepted(server);

        // Some accepted clients close, and so do all that wait, which are accepted and closed; then the descriptors are taken again.
        foreach (Client client in clients.Skip((int)most - Some))
            client.Dispose();
        AwaitOpen(server, most - Some);
        Limit.Until(() => server.LinesMatching("INF accepting again").Length == Warnings(server), "every warning is followed by the report that it is over");
        int warnings = Warnings(server);
        using ClientGroup later = new(server, 0);
        for (int i = 0; i < Some + 3; i++)
        {
            // The last three take the descriptors of the first three: before it accepts one of them, the server has reached the limit,
            // with an empty backlog. No status is taken here, as the control connection needs a descriptor too.
            if (i >= Some)
                later[i - Some].CloseAndAwaitEnd();

            later.Add(new Client(server));
            later[^1].Echo("served");
        }

        Limit.Until(() => ReportedAccepts(server) == Accepted(server), "the log has a line for, or has counted, every accept");

        Assert.Equal(warnings, Warnings(server));
        using ClientGroup tooMany = new(server, Some);
        Limit.Until(() => Warnings(server) == warnings + 1, "a warning, as a client waits");
    }

    /// <summary>
    /// The runtime needs descriptors of its own: for a moment, a pipe for every thread that it starts. Its compiler's helper
    /// thread is one of those; it ends after some seconds without work, or here almost at once, and has to be started again.
    /// </summary>
    [Slow, Theory]
    [MemberData(nameof(ForMany))]
    public void The_runtime_survives_a_long_lack_of_descriptors(string model)
    {
        Assert.SkipWhen(Executable.IsNative, "a native executable has no compiler, and no thread of it");
        using Server server = Server.Start(new Launch
        {
            Shell = $"ulimit -n {MaxDescriptors}",
            Arguments = Serve(model),
            Wrapper = ["env", "DOTNET_TC_BackgroundWorkerTimeoutMs=20"],
        });
        using ClientGroup clients = new(server, TooMany);
        HashSet<string> workers = [];
        int message = 0;
        Limit.Until(
            () =>
            {
                clients[message++ % 10].Echo("served");
                workers.UnionWith(ProcessUsage.Threads(server.Id, CompilerThread));
                return workers.Count >= Restarts;
            },
            $"the compiler's thread has been started {Restarts} times");

        Assert.True(server.IsAlive);
        Assert.Empty(server.LinesMatching("closed"));
    }

    /// <summary>Shells and service managers often set a soft limit of 1,024, which would be too low for a class; the hard limit counts.</summary>
    [MainCase, Fact]
    public void The_soft_limit_is_raised_to_the_hard_limit()
    {
        const string SoftLimit = "ulimit -Sn 1024";
        using Server server = Server.Start(new Launch { Shell = SoftLimit });
        string[] limits = File.ReadLines($"/proc/{server.Id}/limits")
            .Single(line => line.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(limits[4], limits[3]);

        // More than the soft limit allows, of the server and of the client.
        Outcome outcome = Executable.RunUnder(
            ["/bin/sh", "-c", $"{SoftLimit}; exec \"$0\" \"$@\""], "client", "-p", $"{server.Port}", "-c", "1200", "-n", "2", "--think", "100ms");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Contains("served 1,200 connections, 2,400 messages", server.End());
    }

    /// <summary>With fewer than 21 descriptors, .NET itself does not start, and prints its own message.</summary>
    public static TheoryData<int> FewDescriptors => [25, 40, 60, 80, 100, 120, 130, 150];

    [MainCase, Slow, Theory]
    [MemberData(nameof(FewDescriptors))]
    public void Too_few_descriptors_to_start_are_reported_in_one_line(int limit)
    {
        using Server server = Server.Begin(new Launch { Shell = $"ulimit -n {limit}" });
        Limit.Until(() => !server.IsAlive || server.LinesMatching("listening on").Length > 0, "it has started, or ended");
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

    [Slow, Theory]
    [MemberData(nameof(FewDescriptors))]
    public void Too_few_descriptors_for_the_other_verbs_are_reported_in_one_line(int limit)
    {
        foreach (string verb in (string[])["models", "models --json", "status -p 1", "switch epoll -p 1", "client -p 1 -n 1", "--help"])
            AssertWorksOrReports(Executable.RunUnder(["sh", "-c", $"ulimit -n {limit}; exec \"$0\" \"$@\""], verb.Split(' ')));
    }

    [MainCase, Fact]
    public void Inherited_descriptors_count_as_well()
    {
        const string OpenHundred = "for ((i = 10; i < 110; i++)); do eval \"exec $i</dev/null\"; done; exec \"$0\" \"$@\"";
        Outcome outcome = Executable.RunUnder(["bash", "-c", "ulimit -n 200; " + OpenHundred], "models");
        Assert.Equal(1, outcome.ExitCode);
        AssertWorksOrReports(outcome);
    }

    private static void AssertWorksOrReports(Outcome outcome)
    {
        Assert.True(outcome.ExitCode is 0 or 1, outcome.Everything);
        Assert.True(outcome.ErrorLines.Length == outcome.ExitCode, outcome.Everything);
        Assert.All(outcome.ErrorLines, line => Assert.StartsWith("echomodels: ", line));
        Assert.DoesNotContain("unexpected", outcome.Error);
    }

    /// <summary>The command line for a model and its options.</summary>
    private static string[] Serve(string model) => ["serve", "-p", "0", "-m", .. model.Split(' ')];

    private static void AssertIsQuiet(Server server, string model, Client served)
    {
        int before = server.Lines.Length;
        if (model != "busy-poll") // it never sleeps
            ProcessUsage.AwaitShare(server.Id, MostPercent);

        // With each echo the model's loop runs once more, and could warn again.
        for (int i = 0; model != "blocking" && i < 1_000; i++)
            served.Echo("served again");

        Assert.InRange(server.Lines.Length - before, 0, MostLines);
        Assert.True(server.IsAlive);
    }

    private static void AwaitOpen(Server server, long count) => Limit.Until(
        () => server.Status().GetProperty("connections").GetProperty("open").GetInt32() == count, $"{count} connections are open");

    private static int Warnings(Server server) => server.LinesMatching("WRN cannot accept").Length;

    /// <summary>How many accepts are in the log: many in a moment are one line there.</summary>
    private static long ReportedAccepts(Server server) =>
        server.LinesMatching(@"INF accepted \d+\.").Length + server.LinesMatching("INF accepted .* connections").Sum(line => long.Parse(line.Split(' ')[^2].Replace(",", ""), null));

    private static long Accepted(Server server) => server.Status().GetProperty("connections").GetProperty("accepted").GetInt64();
}
