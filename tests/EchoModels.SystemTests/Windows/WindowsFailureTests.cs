using System.Net;
using System.Net.Sockets;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>What goes wrong on Windows is told in a line or two, without a stack trace.</summary>
[Slow, Collection(WindowsBuild.Collection)]
public sealed class WindowsFailureTests(WindowsBuild build)
{
    [Fact]
    public void A_port_in_use_is_named()
    {
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();

        string endPoint = taken.LocalEndPoint!.ToString()!;
        Refused([endPoint, "in use", "--port"], "serve", "-p", endPoint.Split(':')[1]);
    }

    [Fact]
    public void A_second_server_on_the_same_port_is_refused_and_the_first_continues()
    {
        using WindowsServer first = new(build);
        Refused([$"127.0.0.1:{first.Port}", "in use"], "serve", "-p", $"{first.Port}");

        using Client client = new(first.Port);
        client.Echo("still here");
        Assert.Equal(1, first.Status().GetProperty("receives").GetInt64());
        first.End();
    }

    [Fact]
    public void An_address_of_another_machine_is_named() =>
        Refused(["203.0.113.1", "not this machine's", "--bind"], "serve", "-p", "0", "--bind", "203.0.113.1"); // TEST-NET-3 (RFC 5737)

    [Theory]
    [InlineData("status")]
    [InlineData("switch threads")]
    public void A_port_without_a_server_is_named(string commandLine) => Refused(["port 1;"], [.. commandLine.Split(' '), "-p", "1"]);

    [Theory]
    [InlineData("serve --port 70000", "70000")]
    [InlineData("serve --model nope", "nope")]
    [InlineData("serve --no-such-option", "--no-such-option")]
    [InlineData("switch", "MODEL")]
    [InlineData("client --count none", "none")]
    public void Bad_usage_is_told_in_one_line_and_a_hint(string commandLine, string named)
    {
        Outcome outcome = build.Run(commandLine.Split(' '));

        Assert.True(outcome.ExitCode == 2, outcome.Everything);
        Assert.Empty(outcome.Output);
        Assert.Equal(2, outcome.ErrorLines.Length);
        Assert.StartsWith("echomodels: ", outcome.ErrorLines[0]);
        Assert.Contains(named, outcome.ErrorLines[0]);
        Assert.Matches(@"^Try 'echomodels \w+ --help'\.$", outcome.ErrorLines[1]);
    }

    private void Refused(string[] named, params string[] arguments)
    {
        Outcome outcome = build.Run(arguments);

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Empty(outcome.Output);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("echomodels: ", line);
        Assert.All(named, word => Assert.Contains(word, line));
    }
}
