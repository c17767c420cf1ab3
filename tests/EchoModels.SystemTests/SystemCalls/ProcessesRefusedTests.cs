using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>While the system can start no process, and no thread either, clients wait.</summary>
/// <remarks>See RLIMIT_NPROC in getrlimit(2). It does not apply to a privileged user, so strace injects the error.</remarks>
public sealed class ProcessesRefusedTests
{
    private const string Warning = "WRN cannot start a child process: posix_spawn of cat: ";

    [MainCase, Slow, Theory]
    [InlineData("EAGAIN", "")]
    [InlineData("ENOMEM", "")]
    [InlineData("EAGAIN", "hello")]
    public void Clients_wait_and_are_served_later_and_the_log_reports_it(string error, string greeting)
    {
        using Server server = Server.Start("--model", "process", "--greeting", greeting);
        using Client served = Greeted(server, greeting);
        served.Echo("before");
        List<Client> waiting;
        using (Strace refusing = Refuse(server, error))
        {
            waiting = Client.Open(server, 3);
            waiting.ForEach(client => client.Send("hello?"u8));
            Assert.Contains(error, server.AwaitLine(Warning));
            served.Echo("while others wait");
            Limit.Until(() => server.Status().GetProperty("connections").GetProperty("queued").GetInt32() == 3, "three clients wait");
            refusing.AwaitFailures(error, 20); // it tries repeatedly, and reports it once
            Assert.Single(server.LinesMatching(Warning));
            Assert.All(waiting, client => Assert.InRange(client.Socket.Available, 0, greeting.Length));
        }

        foreach (Client client in waiting)
        {
            client.Expect(System.Text.Encoding.UTF8.GetBytes(greeting));
            client.Expect("hello?"u8);
            client.Dispose();
        }

        server.AwaitLine("INF child processes can be started again");
        served.Echo("after");
        Assert.Contains("served 4 connections, ", server.End());
    }

    [Fact]
    public void The_model_cannot_start_and_the_previous_one_continues()
    {
        using Server server = Server.Start("--model", "epoll");
        using Client client = new(server);
        client.Echo("before");
        using (Refuse(server, "EAGAIN"))
        {
            string refusal = server.Request("switch process").GetProperty("error").GetString()!;
            Assert.StartsWith("process could not start: posix_spawn of cat: ", refusal);
            Assert.EndsWith("(EAGAIN)", refusal);
            client.Echo("meanwhile");
        }

        server.Switch("process");
        client.Echo("after");
        Assert.Single(server.LinesMatching("WRN process could not start: .*; epoll serves instead"));
    }

    private static Client Greeted(Server server, string greeting)
    {
        Client client = new(server);
        client.Expect(System.Text.Encoding.UTF8.GetBytes(greeting));
        return client;
    }

    private static Strace Refuse(Server server, string error) => Strace.Attach(
        server, "-e", "trace=clone,clone3,fork,vfork", "-e", $"inject=clone,clone3,fork,vfork:error={error}");
}
