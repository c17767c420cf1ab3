using System.Diagnostics;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Clients;

/// <summary>The interactive client: it sends what is typed, and shows what comes back.</summary>
public sealed class InteractiveTests
{
    private const string CtrlD = "\u0004";

    [MainCase, Fact]
    public void Sends_what_comes_from_a_pipe_and_ends_with_it()
    {
        using Server server = Server.Start();
        using Process client = Executable.Start(server.Directory, [], ["client", "-i", "-p", $"{server.Port}"]);
        client.StandardInput.Write("one\ntwo 你好\nand no end of line");
        client.StandardInput.Close();

        Assert.Equal("one\ntwo 你好\nand no end of line", client.StandardOutput.ReadToEnd().TrimEnd('\n'));
        Assert.Equal("", client.StandardError.ReadToEnd());
        Assert.True(client.WaitForExit(Limit.Generous), "it has ended");
        Assert.Equal(0, client.ExitCode);
        server.End();
    }

    [Fact]
    public void Shows_each_line_and_its_echo_and_does_not_change_the_terminal()
    {
        using Server server = Server.Start();
        using Window window = Window.Of("client", "-i", "-p", $"{server.Port}");
        Limit.Until(() => window.Screen.Contains('>'), "the prompt");
        window.Type("hallo\r");
        Limit.Until(() => window.Screen.Split("hallo").Length == 3, "the line and its echo");
        Assert.Equal(window.Before, window.Terminal.Settings); // the terminal itself does the line editing
        window.Type(CtrlD);

        Assert.Equal(0, window.ExitCode());
        server.End();
    }

    [MainCase, Slow, Theory]
    [InlineData("0</tmp")] // a directory
    [InlineData("0<&-")] // closed, so that the runtime takes the number for a file of its own
    [InlineData("0>/dev/null")] // for writing only, as nohup opens it
    public void Treats_an_input_that_cannot_be_read_as_empty(string redirection)
    {
        using Server server = Server.Start();
        string[] shell = ["/bin/sh", "-c", $"exec \"$0\" \"$@\" {redirection}"];
        using Process client = Executable.Start(server.Directory, shell, ["client", "-i", "-p", $"{server.Port}"]);

        Assert.Equal("", client.StandardOutput.ReadToEnd().Trim());
        Assert.Equal("", client.StandardError.ReadToEnd());
        Assert.True(client.WaitForExit(Limit.Generous), "it has ended");
        Assert.Equal(0, client.ExitCode);
        server.End();
    }
}
