using EchoModels.SystemTests.Support;
using EchoModels.SystemTests.SystemCalls;

namespace EchoModels.SystemTests.Control;

/// <summary>Where the control socket is, and who may use it.</summary>
public sealed class ControlSocketTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Slow, Theory]
    [InlineData("umask 000")]
    [InlineData("umask 022")]
    [InlineData("umask 077")]
    public void Only_its_user_has_access_whatever_the_umask(string umask)
    {
        using Server server = Server.Start(new Launch { Shell = umask });

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(server.Directory.Servers));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(server.Directory.Socket(server.Port)));
        server.End();
        Assert.Empty(Directory.GetFileSystemEntries(server.Directory.Servers));
    }

    [Slow, Fact]
    public void A_directory_that_was_open_to_others_is_closed_to_them()
    {
        using RuntimeDirectory directory = new();
        Directory.CreateDirectory(directory.Servers);
        File.SetUnixFileMode(directory.Servers, (UnixFileMode)0x1ff);
        using Server server = Server.Start(new Launch { Directory = directory });

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(directory.Servers));
    }

    [Slow, Fact]
    public void A_server_waits_while_another_opens_its_socket()
    {
        using RuntimeDirectory directory = new();
        Directory.CreateDirectory(directory.Servers);
        IDisposable heldLock = Native.LockDirectory(directory.Servers);
        string trace = Path.Combine(directory.Path, "trace");
        using Server server = Server.Begin(new Launch { Directory = directory, Wrapper = Strace.Command(trace, "-e", "trace=flock") });
        using (heldLock)
        {
            Limit.Until(() => server.LinesMatching("listening").Length > 0, "it serves");
            Strace.AwaitFailures(trace, "EAGAIN", 20);
            Assert.Empty(Directory.GetFileSystemEntries(directory.Servers));
        }

        server.AwaitPort();
        Assert.Empty(server.LinesMatching("no control socket"));
        server.End();
    }

    [Slow, Fact]
    public void A_directory_whose_name_is_too_long_in_bytes_is_not_used()
    {
        using RuntimeDirectory directory = new();
        string name = Path.Combine(directory.Path, new string('é', 75 - directory.Path.Length)); // the whole path has less than 107 characters, and more bytes
        Directory.CreateDirectory(name);
        using Server server = Server.Begin(new Launch { Directory = directory, Shell = $"export XDG_RUNTIME_DIR='{name}'" });
        Limit.Until(() => server.LinesMatching("listening").Length > 0, "it serves");
        int port = int.Parse(server.LinesMatching("listening")[0].Split("127.0.0.1:")[1].Split(' ', ',')[0], null);

        Limit.Until(() => Executable.RunBeside(server, "status", "-p", $"{port}").ExitCode == 0, "it answers in the other directory");
        Assert.Empty(Directory.GetFileSystemEntries(name));
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    [Slow, Fact]
    public void The_stale_socket_of_a_killed_server_is_replaced()
    {
        using RuntimeDirectory directory = new();
        int port;
        using (Server killed = Server.Start(new Launch { Directory = directory }))
        {
            port = killed.Port;
            killed.Kill();
            killed.ExitCode();
        }

        Assert.True(File.Exists(directory.Socket(port)), "there is no stale socket to replace");
        using Server server = Server.Start(new Launch { Arguments = ["serve", "-p", $"{port}"], Directory = directory });
        Limit.Until(() => Executable.RunBeside(server, "status", "-p", $"{port}").ExitCode == 0, "the new one answers");
        Assert.Empty(server.LinesMatching("no control socket"));
        server.End();
        Assert.False(File.Exists(directory.Socket(port)));
    }

    [MainCase, Fact]
    public void A_stale_socket_is_reported_as_no_server()
    {
        using Server killed = Server.Start();
        killed.Kill();
        killed.ExitCode();

        Outcome outcome = Executable.RunBeside(killed, "status", "-p", $"{killed.Port}");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"port {killed.Port}", Assert.Single(outcome.ErrorLines));
    }

    [Slow, Fact]
    public void A_directory_of_another_user_is_not_used()
    {
        using RuntimeDirectory directory = new();
        Directory.CreateDirectory(directory.Servers);
        Disown(directory.Servers);
        using Server server = Server.Begin(new Launch { Directory = directory });
        server.AwaitLine("listening on");
        string[] before = Directory.GetFileSystemEntries(directory.Servers, "*.sock");
        Outcome status = Executable.RunBeside(server, "status", "-p", server.LinesMatching("listening on")[0].Split(':', ',')[3]);

        Assert.Empty(before);
        Assert.True(status.ExitCode == 0, status.Everything); // through the other directory
        Assert.Empty(Directory.GetFileSystemEntries(directory.Servers, "*.sock"));
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    [Slow, Fact]
    public void A_socket_in_a_directory_of_another_user_is_not_trusted()
    {
        using Server server = Server.Start();
        File.WriteAllText(server.Directory.OtherServers, ""); // so that the server cannot move there
        server.Signal(Native.SIGSTOP); // and does not close the socket
        Disown(server.Directory.Servers);
        Outcome outcome = Executable.RunBeside(server, "switch", "threads", "-p", $"{server.Port}");
        server.Signal(Native.SIGCONT);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Matches("belongs to another user|is not a directory", Assert.Single(outcome.ErrorLines));
        server.AwaitLine("no control socket can be opened");
        Assert.Empty(server.LinesMatching("switched"));
    }

    [MainCase, Fact]
    public void Two_servers_with_the_same_port_on_two_addresses_have_a_socket_each()
    {
        using Server first = Server.Start();
        using Server second = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", $"{first.Port}", "--bind", "127.0.0.2"],
            Directory = first.Directory,
        });
        Limit.Until(() => Directory.GetFiles(first.Directory.Servers, "*.sock").Length == 2, "both have a socket");
        Outcome either = Executable.RunBeside(first, "switch", "threads", "-p", $"{first.Port}");
        Assert.Equal((2, ""), (either.ExitCode, either.Output));
        Assert.Contains($"--port 127.0.0.1:{first.Port}", either.Error);
        Assert.Contains($"--port 127.0.0.2:{first.Port}", either.Error);

        Outcome outcome = Executable.RunBeside(first, "switch", "threads", "-p", $"127.0.0.2:{first.Port}");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Contains($"127.0.0.2:{first.Port} (process {second.Id})", outcome.Output);
        Assert.Equal("epoll", first.Status().GetProperty("model").GetString());
        second.End();
        Assert.Empty(second.LinesMatching("WRN"));

        outcome = Executable.RunBeside(first, "status", "-p", $"{first.Port}");
        Assert.Contains($"127.0.0.1:{first.Port} (process {first.Id})", outcome.Output);
    }

    [Slow, Fact]
    public void A_server_that_is_stopping_gives_its_socket_up_to_the_next_one_on_the_port()
    {
        using Server first = Server.Start("--drain", "1h");
        using StuckClient stuck = new(first);
        first.Signal(Native.SIGTERM);
        Limit.Until(() => !Client.CanConnect(first), "the port is closed");
        Assert.NotEqual(0, first.Status().GetProperty("bytesIn").GetInt64());

        using Server second = Server.Start(new Launch { Arguments = ["serve", "-p", $"{first.Port}"], Directory = first.Directory });
        Assert.Empty(second.LinesMatching("no control socket"));
        stuck.ReadToEnd();
        Assert.Equal(0, first.ExitCode());
        Assert.Equal(0, second.Status().GetProperty("bytesIn").GetInt64());
        second.End();
    }

    /// <summary>Gives the directory another owner, which only root can; otherwise replaces it by a link, which is not trusted either.</summary>
    private static void Disown(string directory)
    {
        if (Native.EffectiveUser() == 0)
        {
            Native.ChangeOwner(directory, user: 65534);
            return;
        }

        Directory.Move(directory, directory + "-moved");
        File.CreateSymbolicLink(directory, directory + "-moved");
    }
}
