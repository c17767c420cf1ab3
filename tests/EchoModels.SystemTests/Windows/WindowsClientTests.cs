using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>Each system's client against the other system's server.</summary>
[Slow, Collection(WindowsBuild.Collection)]
public sealed class WindowsClientTests(WindowsBuild build)
{
    private const int Clients = 20;
    private const int MessagesEach = 50;

    [Theory]
    [MemberData(nameof(WindowsModels.All), MemberType = typeof(WindowsModels))]
    public void Ours_finds_no_wrong_byte_in_the_server_for_Windows(string model)
    {
        using WindowsServer server = new(build, "--model", model, "--workers", $"{Clients}");
        AssertCounts(Executable.Run("client", "-p", $"{server.Port}", "-c", $"{Clients}", "-n", $"{MessagesEach}", "--json"));
        Assert.Contains($"served {Clients} connections", server.End());
    }

    [Fact]
    public void That_for_Windows_finds_no_wrong_byte_in_ours()
    {
        using Server server = Server.Start("--workers", $"{Clients}");
        foreach (string model in (string[])["epoll", "threads", "async"])
        {
            server.Switch(model);
            AssertCounts(build.Run("client", "-p", $"{server.Port}", "-c", $"{Clients}", "-n", $"{MessagesEach}", "--json"));
        }

        server.End();
    }

    [Fact]
    public void That_for_Windows_shows_what_comes_back()
    {
        using Server server = Server.Start("--reply", "upper");
        Outcome client = build.RunWithInput("hello\n", "client", "--interactive", "-p", $"{server.Port}");
        Assert.True(client.ExitCode == 0, client.Everything);
        Assert.Contains("HELLO", client.Output);
        server.End();
    }

    /// <summary>It reports everything, and says nothing of selectors that Windows does not have.</summary>
    private static void AssertCounts(Outcome outcome)
    {
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.DoesNotContain("poll", outcome.Error);
        JsonElement report = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(Clients * MessagesEach, report.GetProperty("messages").GetInt64());
        Assert.Equal(0, report.GetProperty("mismatches").GetInt64());
    }
}
