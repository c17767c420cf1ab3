using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>On Windows: which models there are, and what is said of the others.</summary>
[Slow, Collection(WindowsBuild.Collection)]
public sealed class WindowsModelsTests(WindowsBuild build)
{
    /// <summary>What is true, or can be done, on Linux only.</summary>
    private const string OnLinuxOnly = @"libc|the runtime's epoll|sandbox|sysctl|ulimit|/proc|kernel\.|DllNotFound|Unable to load|\b0x[0-9a-f]+";

    [Fact]
    public void Lists_those_that_Windows_has()
    {
        JsonElement[] rows = Rows();

        Assert.Equal(WindowsModels.Names, rows.Where(IsAvailable).Select(row => Text(row, "name")));
        Assert.All(rows.Where(row => !IsAvailable(row)), row => Assert.Matches("^needs (Linux's|kqueue)", Text(row, "reason")));
    }

    [Fact]
    public void Says_nothing_that_is_true_only_on_Linux()
    {
        Assert.All(Rows(), row => Assert.DoesNotMatch(OnLinuxOnly, $"{Text(row, "waitsIn")} {Text(row, "reason")}"));
        Assert.Equal("a completion port", Text(Rows().Single(row => Text(row, "name") == "async"), "waitsIn"));

        Outcome table = build.Run("models");
        Assert.True(table.ExitCode == 0, table.Everything);
        Assert.DoesNotMatch(OnLinuxOnly, table.Output);
        Assert.Matches(@"(?m)^epoll +epoll_wait\(2\) +needs Linux's epoll\(7\) *$", table.Output);
        Assert.Empty(table.Error);
    }

    [Fact]
    public void Epoll_goes_on_as_select_and_says_so_once()
    {
        using WindowsServer server = new(build, "--model", "epoll");
        using Client client = new(server.Port);
        client.Echo("over select");
        server.Switch("threads");
        client.Echo("between");
        server.Switch("epoll");
        client.Echo("over select again");

        JsonElement status = server.Status();
        Assert.Equal(("epoll", "select"), (Text(status, "model"), Text(status, "selector")));
        Assert.Equal(JsonValueKind.Null, status.GetProperty("wakeups").ValueKind); // not known there
        Assert.InRange(status.GetProperty("threads").GetInt32(), 2, 200);
        Assert.InRange(status.GetProperty("rssBytes").GetInt64(), 1_000_000, long.MaxValue);
        Assert.Contains("needs Linux's epoll(7)", Assert.Single(server.LinesMatching("select is used instead")));
        Assert.Single(server.LinesMatching("WRN"));
        server.End();
    }

    [Fact]
    public void A_model_that_is_not_there_is_refused_in_one_line()
    {
        Outcome refused = build.Run("serve", "-p", "0", "--model", "signal");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.DoesNotMatch(OnLinuxOnly, refused.Error);
        Assert.Matches("signal.*needs Linux's", refused.ErrorLines[^1]);

        using WindowsServer server = new(build, "--model", "threads");
        Outcome change = build.Run("switch", "signal", "-p", $"{server.Port}");
        Assert.Equal(1, change.ExitCode);
        Assert.Matches("signal.*needs Linux's", Assert.Single(change.ErrorLines));
        using Client client = new(server.Port);
        client.Echo("the model before serves on");
        server.End();
    }

    private static bool IsAvailable(JsonElement row) => row.GetProperty("available").GetBoolean();

    private static string? Text(JsonElement row, string name) => row.GetProperty(name).GetString();

    private JsonElement[] Rows()
    {
        Outcome outcome = build.Run("models", "--json");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        return [.. JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray()];
    }
}
