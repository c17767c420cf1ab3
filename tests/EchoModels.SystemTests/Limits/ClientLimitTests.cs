using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Limits;

/// <summary>The load client at the upper end of its options, and with few descriptors, little memory and little address space.</summary>
public sealed class ClientLimitTests
{
    [Slow, Fact]
    public void Connections_without_a_descriptor_are_counted_and_the_others_are_served()
    {
        using Server server = Server.Start();
        Outcome outcome = Run(server, "ulimit -n 150", "-c", "200", "-n", "1", "--json");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Matches(@"^echomodels: \d+ of 200 connections not opened: out of descriptors \(the limit is 150, see ulimit -n\)$", Assert.Single(outcome.ErrorLines));
        JsonElement report = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.InRange(report.GetProperty("served").GetInt32(), 1, 150);
        Assert.Equal(report.GetProperty("connections").GetInt32(), report.GetProperty("served").GetInt32());
        server.End();
    }

    /// <summary>The limit is on the runtime's heap; the connections' records do not fit in it.</summary>
    [Slow, Fact]
    public void Too_little_memory_is_reported_in_one_line()
    {
        using Server server = Server.Start();
        Outcome outcome = Run(server, "export DOTNET_GCHeapHardLimit=0x1800000", "-c", "8000", "-P", "1024", "-n", "1");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Equal(
            "echomodels: not enough memory for 8,000 connections with 1,024 messages in flight each; choose less with --count or --pipeline",
            Assert.Single(outcome.ErrorLines));
        server.End();
    }

    [Slow, Theory]
    [InlineData("ulimit -v 2000000", "-c", "20", "-n", "2")]
    [InlineData("ulimit -v 2000000", "-c", "2", "-P", "1024", "-n", "2000")]
    [InlineData("ulimit -v 2000000", "-c", "2", "-s", "16777216", "-P", "1024", "-n", "2")]
    [InlineData(":", "-c", "2", "-n", "3", "--timeout", "24h", "--think", "1us")]
    [InlineData(":", "-c", "2", "-d", "500ms", "-R", "10000000")]
    public void Works_at_the_upper_end_of_its_options(string shell, params string[] arguments)
    {
        using Server server = Server.Start();
        Outcome outcome = Run(server, shell, arguments);

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        server.End();
    }

    private static Outcome Run(Server server, string shell, params string[] arguments)
    {
        string[] wrapper = ["/bin/sh", "-c", $"{shell}; exec \"$0\" \"$@\""];
        return Executable.RunUnder(wrapper, ["client", "-p", $"{server.Port}", .. arguments]);
    }
}
