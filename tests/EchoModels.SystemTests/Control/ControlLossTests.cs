using EchoModels.SystemTests.Support;
using EchoModels.SystemTests.SystemCalls;

namespace EchoModels.SystemTests.Control;

/// <summary>The directory of the control socket is removed, or taken over, while the server runs.</summary>
public sealed class ControlLossTests
{
    [Fact]
    public void A_directory_that_was_removed_is_made_again()
    {
        using Server server = Server.Start("-p", "0");
        Directory.Delete(server.Directory.Servers, recursive: true);
        Limit.Until(() => File.Exists(server.Directory.Socket(server.Port)), "the control socket is there again");
        Limit.Until(() => server.LinesMatching("the control socket is open again").Length == 2, "both are");

        Outcome outcome = Executable.RunBeside(server, "switch", "threads");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        server.End();
        Assert.Empty(Directory.GetFileSystemEntries(server.Directory.Servers));
    }

    [Slow, Fact]
    public void A_socket_that_was_removed_is_opened_again_and_again()
    {
        using Server server = Server.Start();
        for (int i = 1; i <= 3; i++)
        {
            File.Delete(server.Directory.Socket(server.Port));
            Limit.Until(() => server.LinesMatching("the control socket is open again").Length == i, $"time {i}");
            Assert.Equal("epoll", server.Status().GetProperty("model").GetString());
        }

        server.End();
    }

    [Slow, Fact]
    public void Where_no_directory_can_be_used_the_server_ends_in_order_and_the_verbs_say_why()
    {
        using Server server = Server.Start();
        TakeOver(server);
        server.AwaitLine("no control socket can be opened: .*is not a directory");
        Outcome outcome = Executable.RunBeside(server, "status", "-p", $"{server.Port}");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"{server.Directory.Servers} is not a directory", Assert.Single(outcome.ErrorLines));

        using Client client = new(server);
        client.Echo("hello");
        Assert.Contains("5 bytes in", server.End());
    }

    [Slow, Fact]
    public void The_control_socket_comes_back_when_the_directory_does()
    {
        using Server server = Server.Start();
        TakeOver(server);
        server.AwaitLine("no control socket can be opened");
        File.Delete(server.Directory.Servers);
        server.AwaitLine("the control socket is open again");
        Assert.Equal("epoll", server.Status().GetProperty("model").GetString());
        server.End();
    }

    [Slow, Theory]
    [InlineData("inotify_init1")]
    [InlineData("inotify_add_watch")]
    public void Without_inotify_the_loss_is_noticed_a_little_later(string call)
    {
        using RuntimeDirectory directory = new();
        using Server server = Server.Start(new Launch
        {
            Directory = directory,
            Wrapper = Strace.Command(Path.Combine(directory.Path, "trace"), "-e", $"trace={call}", "-e", $"inject={call}:error=EPERM"),
        });
        Directory.Delete(directory.Servers, recursive: true);
        server.AwaitLine("the control socket is open again");
        server.End();
    }

    /// <summary>Old seccomp profiles refuse statx(2) with EPERM.</summary>
    [Slow, Theory]
    [InlineData("EPERM")]
    [InlineData("ENOSYS")]
    public void Without_statx_the_directory_is_examined_by_lstat(string error)
    {
        using RuntimeDirectory directory = new();
        string[] wrapper = Strace.Command(Path.Combine(directory.Path, "trace"), "-e", "trace=statx", "-e", $"inject=statx:error={error}");
        using Server server = Server.Start(new Launch { Directory = directory, Wrapper = wrapper });
        Assert.True(File.Exists(directory.Socket(server.Port)), "it is not in the first directory");
        Assert.Equal("epoll", server.Status().GetProperty("model").GetString());
        server.End();
        Assert.Empty(server.LinesMatching(" WRN "));
    }

    [Slow, Theory]
    [InlineData("XDG_RUNTIME_DIR=")]
    [InlineData("XDG_RUNTIME_DIR=tmp")] // there is a /tmp, and the server runs in /
    public void An_empty_or_relative_runtime_directory_is_ignored(string setting)
    {
        using RuntimeDirectory directory = new();
        using Server server = Server.Begin(new Launch { Directory = directory, Shell = $"export {setting}" });
        server.AwaitLine("listening on");
        Limit.Until(() => Directory.Exists(directory.OtherServers) && Directory.GetFiles(directory.OtherServers).Length == 1, "its socket is in the other directory");
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    /// <summary>Files take the places of both directories.</summary>
    private static void TakeOver(Server server)
    {
        File.WriteAllText(server.Directory.OtherServers, "");
        string aside = server.Directory.Servers + "-aside";
        Directory.Move(server.Directory.Servers, aside);
        File.WriteAllText(server.Directory.Servers, "");
        Directory.Delete(aside, recursive: true);
    }
}
