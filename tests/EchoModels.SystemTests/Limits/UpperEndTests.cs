using System.Globalization;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Limits;

/// <summary>The upper end of each count: it works, or it is refused in words, also where the system gives little.</summary>
[Slow]
public sealed class UpperEndTests
{
    private const int Workers = 1_000;
    private const int Loops = 256;

    /// <summary>A user who owns no other process; the limit counts all threads of a user.</summary>
    private const int User = 64_321;

    /// <summary>Begins and ends 4,000 threads while a client talks.</summary>
    [Fact]
    public void The_most_workers_come_and_go_at_switches_and_no_client_is_lost()
    {
        using Server server = Server.Start("--workers", Number(Workers));
        using Client client = new(server);
        for (int i = 0; i < 4; i++)
        {
            server.Switch("thread-pool");
            client.Echo("pool");
            Assert.True(server.Threads > Workers, $"{server.Threads} threads");
            server.Switch("epoll");
            client.Echo("epoll");
        }

        server.End();
    }

    [Theory]
    [InlineData("select")]
    [InlineData("poll")]
    [InlineData("epoll")]
    [InlineData("epoll --trigger edge")]
    [InlineData("io-uring")] // falls back to epoll where 256 rings are too many
    public void The_most_loops_serve_and_end(string model)
    {
        using Server server = Server.Start(["--loops", Number(Loops), "--model", .. model.Split(' ')]);
        List<Client> clients = Client.Open(server, 300);
        foreach (Client client in clients)
            client.Echo("hello");

        server.Switch("threads");
        foreach (Client client in clients)
            client.Echo("hello");

        clients.ForEach(client => client.Dispose());
        server.End();
    }

    [Fact]
    public void The_largest_backlog_and_limit_of_connections_serve_a_client()
    {
        using Server server = Server.Start("--backlog", "65535", "--max-connections", "1000000");
        using Client client = new(server);
        client.Echo("hello");
        server.End();
    }

    /// <summary>Each loop takes two descriptors.</summary>
    [Theory]
    [InlineData("epoll")]
    [InlineData("poll")]
    [InlineData("select")]
    public void More_loops_than_descriptors_are_refused_and_the_model_before_serves_on(string model)
    {
        using Server server = Server.Start(new Launch { Shell = "ulimit -n 200", Arguments = ["serve", "-p", "0", "--model", "threads"] });
        using Client client = new(server);
        client.Echo("before");
        for (int i = 0; i < 3; i++)
        {
            string? error = server.Request($"switch {model} loops={Loops}").GetProperty("error").GetString();
            Assert.Contains("EMFILE", error);
            client.Echo("after");
        }

        server.Switch("epoll");
        client.Echo("epoll");
        server.End();
    }

    [Fact]
    public void A_server_that_cannot_start_all_its_loops_ends_in_one_line()
    {
        Outcome outcome = RunUnder("ulimit -n 200", "serve", "-p", "0", "--loops", Number(Loops));
        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Contains("EMFILE", outcome.ErrorLines[^1]);
        Assert.DoesNotContain("listening", outcome.Error);
    }

    [Fact]
    public void More_workers_than_the_address_space_has_room_for_are_refused_in_one_line()
    {
        Outcome outcome = RunUnder("ulimit -v 4000000", "serve", "-p", "0", "--model", "thread-pool", "--workers", Number(Workers));
        if (outcome.ErrorLines is [.., var last] && outcome.ExitCode == 1)
            Assert.Contains("ulimit -v", last);
        else
            Assert.Fail(outcome.Everything);
    }

    [Theory]
    [InlineData("thread-pool --workers 1000")]
    [InlineData("epoll --loops 256")]
    public void More_threads_than_a_user_may_have_are_refused_in_one_line(string model)
    {
        Assert.SkipUnless(Native.EffectiveUser() == 0, "only root can become a user without processes");
        using RuntimeDirectory directory = new();
        Native.ChangeOwner(directory.Path, User);
        Outcome outcome = Executable.RunUnder([.. As(directory, threads: 200)], ["serve", "-p", "0", "--model", .. model.Split(' ')]);
        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Contains("thread", outcome.ErrorLines[^1]);
        Assert.DoesNotContain("listening", outcome.Error);
    }

    /// <summary>Whatever the limit: there is no thread left for the model, or one for the signal that ends the server.</summary>
    [Fact]
    public void A_model_does_not_take_the_last_threads_from_the_runtime()
    {
        Assert.SkipUnless(Native.EffectiveUser() == 0, "only root can become a user without processes");
        int started = 0;
        for (int threads = 266; threads < 310; threads += 6)
        {
            using RuntimeDirectory directory = new();
            Native.ChangeOwner(directory.Path, User);
            using Server server = Server.Begin(new Launch
            {
                Directory = directory,
                Wrapper = [.. As(directory, threads)],
                Arguments = ["serve", "-p", "0", "--loops", Number(Loops)],
            });
            Limit.Until(() => server.LinesMatching("listening").Length > 0 || !server.IsAlive, "the server listens or has ended");
            if (!server.IsAlive)
            {
                Assert.Equal(1, server.ExitCode());
                Assert.Contains("thread", server.Lines[^1]);
                continue;
            }

            started++;
            server.AwaitPort();
            server.Signal(Native.SIGTERM);
            Assert.Equal(0, server.ExitCode());
            Assert.Contains("served 0 connections", server.Lines[^1]);
        }

        Assert.True(started > 0, "no limit was high enough");
    }

    private static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static Outcome RunUnder(string shell, params string[] arguments) =>
        Executable.RunUnder(["/bin/sh", "-c", $"{shell}; exec \"$0\" \"$@\""], arguments);

    private static IEnumerable<string> As(RuntimeDirectory directory, int threads) =>
    [
        "/usr/bin/setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups",
        "/usr/bin/prlimit", $"--nproc={threads}",
        "/usr/bin/env", $"XDG_RUNTIME_DIR={directory.Path}", "HOME=/tmp",
    ];
}
