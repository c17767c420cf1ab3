using System.Net;
using System.Net.Sockets;
using EchoModels.SystemTests.Support;
using EchoModels.SystemTests.SystemCalls;

namespace EchoModels.SystemTests.CommandLine;

/// <summary>A run that fails: one line with the reason, and exit code 1.</summary>
public sealed class FailureTests
{
    [MainCase, Fact]
    public void A_port_in_use_is_named()
    {
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();

        string endPoint = taken.LocalEndPoint!.ToString()!;
        Refused([endPoint, "in use", "--port"], "serve", "-p", endPoint.Split(':')[1]);
    }

    [Slow, Fact]
    public void A_second_server_on_the_same_port_is_refused_and_the_first_continues()
    {
        using Server first = Server.Start();
        Outcome second = Executable.RunBeside(first, "serve", "-p", $"{first.Port}");

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("in use", Assert.Single(second.ErrorLines));
        using Client client = new(first);
        client.Echo("still here");
        Assert.Equal(1, first.Status().GetProperty("receives").GetInt64());
        first.End();
    }

    [Slow, Fact]
    public void One_port_of_several_in_use_fails_the_whole_run()
    {
        using Server first = Server.Start();
        Refused([$"127.0.0.1:{first.Port}", "in use"], "serve", "-p", "0", "-p", $"{first.Port}");
    }

    [Slow, Theory]
    [InlineData("203.0.113.1")] // TEST-NET-3 (RFC 5737)
    [InlineData("2001:db8::1")] // documentation (RFC 3849)
    public void An_address_of_another_machine_is_named(string address) =>
        Refused([address, "not this machine's", "--bind"], "serve", "-p", "0", "--bind", address);

    /// <summary>Whether a port is privileged depends on the machine; here strace injects the error.</summary>
    [Fact]
    public void A_port_that_the_kernel_forbids_is_named()
    {
        using RuntimeDirectory directory = new();
        Outcome outcome = Executable.RunUnder(
            Strace.Command(Path.Combine(directory.Path, "trace"), "-e", "trace=bind", "-e", "inject=bind:error=EACCES"), "serve", "-p", "80");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.Contains("127.0.0.1:80", line);
        Assert.Contains("--port", line);
    }

    [Slow, Theory]
    [InlineData("status")]
    [InlineData("status --json")]
    [InlineData("switch epoll")]
    [InlineData("switch epoll --json")]
    public void A_port_without_a_server_is_reported_in_one_line(string commandLine) =>
        Refused(["port 1;", "--port"], [.. commandLine.Split(' '), "-p", "1"]);

    private static void Refused(string[] named, params string[] arguments)
    {
        Outcome outcome = Executable.Run(arguments);

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Empty(outcome.Output);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("echomodels: ", line);
        Assert.All(named, word => Assert.Contains(word, line));
    }
}
