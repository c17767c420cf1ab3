using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Truth;

/// <summary>Where the system has no process to give, and so no thread either, clients wait until it has.</summary>
/// <remarks>See RLIMIT_NPROC in getrlimit(2). It does not bind a privileged user, so the calls are refused by strace.</remarks>
public sealed class ProcessesRefusedTests
{
    private const string Warning = "WRN cannot start a child process: posix_spawn of cat: ";

    [Theory]
    [InlineData("EAGAIN", "")]
    [InlineData("ENOMEM", "")]
    [InlineData("EAGAIN", "hello")]
    public void Clients_wait_it_is_told_and_later_they_are_served(string error, string greeting)
    {
        using Server server = Server.Start("--model", "process", "--greeting", greeting);
        using Client served = Greeted(server, greeting);
        served.Echo("before");
        List<Client> waiting;
        using (Refuse(server, error))
        {
            waiting = Client.Open(server, 3);
            waiting.ForEach(client => client.Send("hello?"u8));
            Assert.Contains(error, server.AwaitLine(Warning));
            served.Echo("beside those who wait");
            Timing.Eventually(() => server.Status().GetProperty("connections").GetProperty("queued").GetInt32() == 3, "three wait");
            Thread.Sleep(1_500);
            Assert.Single(server.Said(Warning));
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
    public void The_model_cannot_start_then_and_the_one_before_serves_on()
    {
        using Server server = Server.Start("--model", "epoll");
        using Client client = new(server);
        client.Echo("before");
        using (Refuse(server, "EAGAIN"))
        {
            string refusal = server.Ask("switch process").GetProperty("error").GetString()!;
            Assert.StartsWith("process could not start: posix_spawn of cat: ", refusal);
            Assert.EndsWith("(EAGAIN)", refusal);
            client.Echo("meanwhile");
        }

        server.Switch("process");
        client.Echo("after");
        Assert.Single(server.Said("WRN process could not start: .*; epoll serves instead"));
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
