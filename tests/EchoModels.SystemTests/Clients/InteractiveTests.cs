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

    [Slow, Fact]
    public void Names_the_address_that_answered_where_the_host_is_a_name()
    {
        using Server server = Server.Start();
        using Process client = Executable.Start(server.Directory, [], ["client", "-i", "-p", $"{server.Port}", "--host", "localhost"]);
        client.StandardInput.Write("hello\n");
        client.StandardInput.Close();

        Assert.Equal("hello\n", client.StandardOutput.ReadToEnd());
        Assert.Equal($"connected to 127.0.0.1:{server.Port}\n", client.StandardError.ReadToEnd());
        Assert.True(client.WaitForExit(Limit.Generous), "it has ended");
        Assert.Equal(0, client.ExitCode);
        server.End();
    }

    [Slow, Fact]
    public void Reports_in_one_line_that_no_server_listens()
    {
        Outcome outcome = Executable.Run("client", "-i", "-p", "1");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal("echomodels: no connection: 127.0.0.1:1 refused", Assert.Single(outcome.ErrorLines));
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
}
