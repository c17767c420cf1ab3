using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EchoModels.SystemTests.Support;
using EchoModels.SystemTests.SystemCalls;

namespace EchoModels.SystemTests.CommandLine;

/// <summary>Whether this machine is ready for a class.</summary>
[Slow]
public sealed class CheckTests
{
    /// <summary>With fewer, something has to be mended, and the exit code is 3.</summary>
    private const int EnoughDescriptors = 1_200;

    [Fact]
    public void Each_thing_has_a_line_with_its_state()
    {
        Outcome outcome = Executable.Run("check", "-p", $"{FreePort()}");
        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(outcome.ExitCode == (lines.Any(line => line.StartsWith("fix", StringComparison.Ordinal)) ? 3 : 0), outcome.Everything);
        Assert.Empty(outcome.Error);
        Assert.All(lines, line => Assert.Matches("^(ok|note|fix) +[a-z0-9 -]+ {2,}", line));
        Assert.All(["descriptors", "threads", "signals", "tracing", "port", "epoll", "io-uring", "models", "control", "servers", "terminal", "colours"],
            name => Assert.Contains(lines, line => line[6..].StartsWith(name, StringComparison.Ordinal)));
        Assert.DoesNotContain('\u001b', outcome.Output);
    }

    [Fact]
    public void A_port_of_another_program_is_to_be_mended()
    {
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;

        Outcome outcome = Executable.Run("check", "-p", $"{FreePort()}", "-p", $"{port}", "--json");
        Assert.True(outcome.ExitCode == 3, outcome.Everything);
        JsonElement line = Line(outcome, $"port {port}");
        Assert.Equal("fix", line.GetProperty("state").GetString());
        Assert.Contains("--port", line.GetProperty("advice").GetString());
    }

    [Fact]
    public void A_server_of_ours_is_named_with_the_way_to_end_it()
    {
        Needs.Descriptors(EnoughDescriptors);
        using Server server = Server.Start();
        Outcome outcome = Executable.RunBeside(server, "check", "-p", $"{server.Port}", "--json");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Equal($"end it with 'echomodels stop --port {server.Port}', or use it", Line(outcome, $"port {server.Port}").GetProperty("advice").GetString());
        Assert.Contains($"(process {server.Id})", Line(outcome, "servers").GetProperty("finding").GetString());
    }

    [Fact]
    public void Too_few_descriptors_are_to_be_mended()
    {
        Outcome outcome = Executable.RunUnder(["/bin/sh", "-c", "ulimit -n 400; exec \"$0\" \"$@\""], "check", "-p", $"{FreePort()}", "--json");
        Assert.True(outcome.ExitCode == 3, outcome.Everything);
        Assert.Equal("fix", Line(outcome, "descriptors").GetProperty("state").GetString());
        Assert.StartsWith("400 ", Line(outcome, "descriptors").GetProperty("finding").GetString());
    }

    [Fact]
    public void What_a_sandbox_refuses_is_named_with_the_reason()
    {
        using RuntimeDirectory directory = new();
        string[] wrapper = Strace.Command(Path.Combine(directory.Path, "trace"), "-e", "trace=io_uring_setup", "-e", "inject=io_uring_setup:error=EPERM");
        JsonElement line = Line(Executable.RunUnder(wrapper, "check", "-p", $"{FreePort()}", "--json"), "io-uring");
        Assert.Equal("note", line.GetProperty("state").GetString());
        Assert.Contains("EPERM", line.GetProperty("finding").GetString());
    }

    [Fact]
    public void A_window_that_is_too_small_is_told()
    {
        Needs.Descriptors(EnoughDescriptors);
        using Window small = new([Executable.Path, "check", "-p", $"{FreePort()}"], 70, 20);
        Assert.Equal(0, small.ExitCode());
        Assert.Matches("note +terminal +70 columns, 20 lines", small.Screen);
        Assert.All(small.Screen.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 70));
        using Window usual = new([Executable.Path, "check", "-p", $"{FreePort()}"], 120, 30);
        Assert.Equal(0, usual.ExitCode());
        Assert.Matches("ok +terminal +120 columns, 30 lines", usual.Screen);
    }

    private static JsonElement Line(Outcome outcome, string name)
    {
        Assert.True(outcome.Output.StartsWith('['), outcome.Everything);
        return JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray().Single(line => line.GetProperty("name").GetString() == name);
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
