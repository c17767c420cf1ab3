using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>Which threads of the runtime serve in async, and that they stay.</summary>
public sealed class RuntimeThreadTests
{
    private const int Messages = 20;

    /// <summary>The beginning of the name of the threads of the runtime's pool.</summary>
    private const string PoolThread = ".NET TP Worker";

    /// <summary>A reflected property of Socket asks for it; otherwise a thread of the pool would be woken for each message.</summary>
    [MainCase, Fact]
    public void What_follows_an_await_runs_on_the_thread_that_waits_in_the_runtimes_epoll()
    {
        using Server server = Server.Start("--model", "async");
        using Client client = new(server);
        client.Echo("now it is warm");

        using Strace strace = Strace.Attach(server, "-e", Strace.SocketsAndWaits);
        for (int i = 0; i < Messages; i++)
        {
            Thread.Sleep(20); // so that the server has begun to wait; if it is late, a thread of the pool goes on instead
            client.Echo($"message {i}");
        }

        Trace trace = strace.Detach(Messages);
        HashSet<int> waiting = [.. trace.Calls.Where(call => call.IsEpoll && call.IsWait).Select(call => call.Thread)];
        Assert.Contains(trace.Tcp, call => call.Name == "sendto" && waiting.Contains(call.Thread));
    }

    /// <summary>No thread starts without a free descriptor, and the runtime ends the process over one that it cannot start.</summary>
    [MainCase, Fact]
    public void No_thread_of_the_pool_retires()
    {
        const double ManyTimeouts = 2;
        using Server server = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", "0", "--model", "async"],
            Wrapper = ["env", "DOTNET_ThreadPool_ThreadTimeoutMs=20"],
        });
        using Client client = new(server);
        client.Echo("hello");
        string[] before = [.. ProcessUsage.Threads(server.Id, PoolThread)];
        Assert.True(before.Length >= Environment.ProcessorCount, $"there are {before.Length} threads named '{PoolThread}'");

        double start = Uptime(server);
        Limit.Until(() => Uptime(server) > start + ManyTimeouts, "the timeout of an idle thread is over many times");
        Assert.Subset(ProcessUsage.Threads(server.Id, PoolThread).ToHashSet(), before.ToHashSet());
    }

    private static double Uptime(Server server) => server.Status().GetProperty("uptimeSeconds").GetDouble();
}
