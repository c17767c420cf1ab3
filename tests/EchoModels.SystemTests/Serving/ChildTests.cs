using System.Globalization;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>What the model process does when a child process fails or cannot be started.</summary>
public sealed class ChildTests
{
    [MainCase, Fact]
    public void A_killed_child_ends_its_connection_and_no_other()
    {
        using Server server = Server.Start("--model", "process");
        using Client killed = new(server);
        killed.Echo("hello");
        using Client other = new(server);
        other.Echo("hello");

        Native.Signal(Child(server, killed), Native.SIGKILL);
        killed.ExpectEnd();
        Assert.Matches(@": reset, after 5 bytes in, 5 bytes out; its child process \d+ was ended by signal 9$", server.AwaitLine($"closed {killed.Name}"));
        other.Echo("again");
        using Client next = new(server);
        next.Echo("hello");

        Assert.Equal(2, ChildrenOf(server).Length);
        Assert.DoesNotContain('Z', ChildrenOf(server));
        Assert.Contains("served 3 connections, ", server.End());
    }

    [Slow, Theory]
    [InlineData("", "posix_spawn of cat: No such file or directory (ENOENT)")]
    [InlineData("exit 127", "cat does not work: tried out, it ended with exit code 127")]
    [InlineData("kill -9 $$", "cat does not work: tried out, it ended with signal 9")]
    public void Without_a_working_cat_it_does_not_start(string script, string why)
    {
        using Path path = new(script);
        Outcome outcome = Executable.RunUnder(path.Setting, "serve", "-p", "0", "--model", "process");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal($"echomodels: process could not start: {why}", Assert.Single(outcome.ErrorLines));
    }

    [Slow, Theory]
    [InlineData("", "posix_spawn of cat: No such file or directory (ENOENT)")]
    [InlineData("exit 127", "cat does not work: tried out, it ended with exit code 127")]
    public void A_switch_is_refused_without_a_working_cat(string script, string why)
    {
        using Path path = new(script);
        using Server server = Server.Start(new Launch { Arguments = ["serve", "-p", "0", "--model", "epoll"], Wrapper = path.Setting });
        using Client client = new(server);
        client.Echo("before");
        Assert.Equal($"process could not start: {why}", server.Request("switch process").GetProperty("error").GetString());
        client.Echo("after");
        server.End();
        Assert.Single(server.LinesMatching($"WRN process could not start: .*; epoll serves instead"));
    }

    [Fact]
    public void A_cat_that_is_removed_later_ends_the_server_with_a_few_lines()
    {
        using Path path = new("exec /bin/cat");
        using Server server = Server.Start(new Launch { Arguments = ["serve", "-p", "0", "--model", "process"], Wrapper = path.Setting });
        using Client first = new(server);
        first.Echo("before");
        path.Empty();
        using Client second = new(server);
        Assert.Equal(1, server.ExitCode());
        Assert.InRange(server.LinesMatching("WRN|ERR").Length, 1, 5);
        Assert.Single(server.LinesMatching("ERR process could not start: posix_spawn of cat: .*; there is no model left to serve"));
    }

    /// <summary>cat(1) serves a plain echo only.</summary>
    [MainCase, Fact]
    public void The_child_for_another_reply_is_the_program_itself()
    {
        using Server server = Server.Start("--model", "process", "--reply", "upper");
        AssertRepliesWithChild(server);
    }

    [Slow, Fact]
    public void The_child_of_a_library_that_dotnet_runs_is_that_library()
    {
        Assert.SkipWhen(Executable.IsNative, "a native executable has no library");
        using Server server = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", "0", "--model", "process", "--reply", "upper"],
            Wrapper = ["/bin/sh", "-c", "exec dotnet \"$0.dll\" \"$@\""],
        });
        AssertRepliesWithChild(server);
    }

    private static void AssertRepliesWithChild(Server server)
    {
        using Client client = new(server);
        client.Send("hello"u8);
        client.Expect("HELLO"u8);
        Assert.Equal(File.ReadAllBytes($"/proc/{server.Id}/comm"), File.ReadAllBytes($"/proc/{Child(server, client)}/comm"));
    }

    private static int Child(Server server, Client client)
    {
        string line = server.AwaitLine($@"child process \d+ serves {client.Name}$");
        return int.Parse(Regex.Match(line, @"process (\d+)").Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }

    /// <summary>The states of a server's child processes: fields 3 and 4 of proc_pid_stat(5) are the state and the parent.</summary>
    private static char[] ChildrenOf(Server server)
    {
        List<char> states = [];
        foreach (string directory in Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(path[^1])))
        {
            string[] fields = Stat(directory).Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 1 && fields[1] == server.Id.ToString(CultureInfo.InvariantCulture))
                states.Add(fields[0][0]);
        }

        return [.. states];
    }

    private static string Stat(string directory)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(directory, "stat"));
        }
        catch (IOException)
        {
            return ""; // it has ended
        }
    }

    /// <summary>A PATH with nothing on it but a script named cat, or nothing at all.</summary>
    private sealed class Path : IDisposable
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("em-path-");

        public Path(string script)
        {
            if (script.Length == 0)
                return;

            string cat = System.IO.Path.Combine(_directory.FullName, "cat");
            File.WriteAllText(cat, $"#!/bin/sh\n{script}\n");
            File.SetUnixFileMode(cat, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        /// <summary>The command that runs a program with it.</summary>
        public string[] Setting => ["/usr/bin/env", $"PATH={_directory.FullName}"];

        public void Empty() => Array.ForEach(_directory.GetFiles(), file => file.Delete());

        public void Dispose() => _directory.Delete(recursive: true);
    }
}
