using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Control;

/// <summary>Which server a verb reaches.</summary>
public sealed class ServerChoiceTests
{
    private static readonly string[] Verbs = ["status", "switch threads", "stop"];

    [Fact]
    public void The_only_server_is_found_without_its_port_and_the_verb_says_which_it_is()
    {
        using Server server = Server.Start("-p", "0");
        foreach (string verb in Verbs)
        {
            Outcome outcome = Executable.RunBeside(server, verb.Split(' '));
            Assert.True(outcome.ExitCode == 0, outcome.Everything);
            Assert.Contains($"127.0.0.1:{server.Port}, 127.0.0.1:", outcome.Output);
            Assert.Contains($"(process {server.Id})", outcome.Output);
        }

        Assert.Equal(0, server.ExitCode());
    }

    [Slow, Fact]
    public void Of_several_servers_one_is_to_be_chosen()
    {
        using Server first = Server.Start();
        using Server second = Server.Start(new Launch { Directory = first.Directory, Arguments = ["serve", "-p", "0", "-m", "poll"] });
        Limit.Until(() => Directory.GetFiles(first.Directory.Servers, "*.sock").Length == 2, "both have a socket");
        foreach (string verb in Verbs)
        {
            Outcome outcome = Executable.RunBeside(first, verb.Split(' '));
            Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
            Assert.Contains(outcome.ErrorLines, line => line.StartsWith($"  --port {first.Port} ", StringComparison.Ordinal) && line.Contains($"(process {first.Id})", StringComparison.Ordinal));
            Assert.Contains(outcome.ErrorLines, line => line.StartsWith($"  --port {second.Port} ", StringComparison.Ordinal));
            Assert.Equal($"Try 'echomodels {verb.Split(' ')[0]} --help'.", outcome.ErrorLines[^1]);
        }

        Outcome chosen = Executable.RunBeside(first, "switch", "threads", "-p", $"{second.Port}");
        Assert.True(chosen.ExitCode == 0, chosen.Everything);
        Assert.Equal("epoll", first.Status().GetProperty("model").GetString());
        Assert.Equal("threads", second.Status().GetProperty("model").GetString());
    }

    [Slow, Theory]
    [InlineData("status")]
    [InlineData("switch epoll")]
    [InlineData("stop")]
    public void Without_a_server_it_says_how_to_start_one(string verb)
    {
        Outcome outcome = Executable.Run(verb.Split(' '));
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains("echomodels serve", Assert.Single(outcome.ErrorLines));
    }

    [Fact]
    public void A_program_reads_the_process_and_the_addresses()
    {
        using Server server = Server.Start("--bind", "::1");
        JsonElement status = server.Status();
        Assert.Equal(server.Id, status.GetProperty("processId").GetInt32());
        Assert.Equal($"[::1]:{server.Port}", Assert.Single(status.GetProperty("endPoints").EnumerateArray()).GetString());
        Outcome outcome = Executable.RunBeside(server, "status", "-p", $"[::1]:{server.Port}", "--json");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
    }
}
