using System.Globalization;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>What becomes of the model process, and of its clients, when its children fare badly.</summary>
public sealed class ChildTests
{
    [Fact]
    public void Who_kills_a_child_ends_one_conversation_and_no_other()
    {
        using Server server = Server.Start("--model", "process");
        using Client victim = new(server);
        victim.Echo("hello");
        using Client other = new(server);
        other.Echo("hello");

        Native.Signal(Child(server, victim), Native.SIGKILL);
        victim.ExpectEnd();
        Assert.Matches(@": reset, after 5 bytes in, 5 bytes out; its child process \d+ was ended by signal 9$", server.AwaitLine($"closed {victim.Name}"));
        other.Echo("and on");
        using Client next = new(server);
        next.Echo("and others");

        Assert.Equal(2, ChildrenOf(server).Length);
        Assert.DoesNotContain('Z', ChildrenOf(server));
        Assert.Contains("served 3 connections, ", server.End());
    }

    [Theory]
    [InlineData("", "posix_spawn of cat: No such file or directory (ENOENT)")]
    [InlineData("exit 127", "cat does not work: tried out, it ended with exit code 127")]
    [InlineData("kill -9 $$", "cat does not work: tried out, it ended with signal 9")]
    public void Without_a_cat_that_works_it_does_not_start(string script, string why)
    {
        using Path path = new(script);
        Outcome outcome = Executable.RunUnder(path.Setting, "serve", "-p", "0", "--model", "process");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal($"echomodels: process could not start: {why}", Assert.Single(outcome.ErrorLines));
    }

    [Theory]
    [InlineData("", "posix_spawn of cat: No such file or directory (ENOENT)")]
    [InlineData("exit 127", "cat does not work: tried out, it ended with exit code 127")]
    public void Nobody_is_given_to_a_cat_that_does_not_work(string script, string why)
    {
        using Path path = new(script);
        using Server server = Server.Start(new Launch { Arguments = ["serve", "-p", "0", "--model", "epoll"], Wrapper = path.Setting });
        using Client client = new(server);
        client.Echo("before");
        Assert.Equal($"process could not start: {why}", server.Ask("switch process").GetProperty("error").GetString());
        client.Echo("after");
        server.End();
        Assert.Single(server.Said($"WRN process could not start: .*; epoll serves instead"));
    }

    [Fact]
    public void A_cat_that_is_lost_later_ends_the_server_in_a_few_clear_lines()
    {
        using Path path = new("exec /bin/cat");
        using Server server = Server.Start(new Launch { Arguments = ["serve", "-p", "0", "--model", "process"], Wrapper = path.Setting });
        using Client stays = new(server);
        stays.Echo("before");
        path.Empty();
        using Client comes = new(server);
        Assert.Equal(1, server.ExitCode());
        Assert.InRange(server.Said("WRN|ERR").Length, 1, 5);
        Assert.Single(server.Said("ERR process could not start: posix_spawn of cat: .*; there is no model left to serve"));
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
            return ""; // it has ended meanwhile
        }
    }

    /// <summary>A PATH on which nothing is but a cat of one's own, or nothing at all.</summary>
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

        /// <summary>The words that start a program with it.</summary>
        public string[] Setting => ["/usr/bin/env", $"PATH={_directory.FullName}"];

        public void Empty() => Array.ForEach(_directory.GetFiles(), file => file.Delete());

        public void Dispose() => _directory.Delete(recursive: true);
    }
}
