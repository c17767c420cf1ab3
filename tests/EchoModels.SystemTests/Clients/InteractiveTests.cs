using System.Diagnostics;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Clients;

/// <summary>The client that is a human: what is typed goes out, what comes back is shown.</summary>
public sealed class InteractiveTests
{
    private const string CtrlD = "\u0004";

    [Fact]
    public void Passes_on_what_comes_by_a_pipe_and_ends_with_it()
    {
        using Server server = Server.Start();
        using Process client = Process.Start(Executable.Prepare(server.Directory, [], ["client", "-i", "-p", $"{server.Port}"]))!;
        client.StandardInput.Write("one\ntwo 你好\nand no end of line");
        client.StandardInput.Close();

        Assert.Equal("one\ntwo 你好\nand no end of line", client.StandardOutput.ReadToEnd().TrimEnd('\n'));
        Assert.Equal("", client.StandardError.ReadToEnd());
        Assert.True(client.WaitForExit(Timing.Generous), "it has ended");
        Assert.Equal(0, client.ExitCode);
        server.End();
    }

    [Fact]
    public void Shows_in_a_terminal_each_line_and_its_echo_and_leaves_the_terminal_as_it_is()
    {
        using Server server = Server.Start();
        using Window window = Window.Of("client", "-i", "-p", $"{server.Port}");
        Timing.Eventually(() => window.Screen.Contains('>'), "it asks");
        window.Type("hallo\r");
        Timing.Eventually(() => window.Screen.Split("hallo").Length == 3, "the line and its echo");
        Assert.Equal(window.Before, window.Terminal.Settings); // the terminal itself lets the line be edited
        window.Type(CtrlD);

        Assert.Equal(0, window.ExitCode());
        server.End();
    }

    [Theory]
    [InlineData("0</tmp")] // a directory
    [InlineData("0>/dev/null")] // for writing only, as nohup opens it
    public void Takes_an_input_that_cannot_be_read_for_one_that_is_empty(string redirection)
    {
        using Server server = Server.Start();
        string[] shell = ["/bin/sh", "-c", $"exec \"$0\" \"$@\" {redirection}"];
        using Process client = Process.Start(Executable.Prepare(server.Directory, shell, ["client", "-i", "-p", $"{server.Port}"]))!;

        Assert.Equal("", client.StandardOutput.ReadToEnd().Trim());
        Assert.Equal("", client.StandardError.ReadToEnd());
        Assert.True(client.WaitForExit(Timing.Generous), "it has ended");
        Assert.Equal(0, client.ExitCode);
        server.End();
    }
}
