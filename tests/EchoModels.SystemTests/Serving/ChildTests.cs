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
            return File.ReadAllText(Path.Combine(directory, "stat"));
        }
        catch (IOException)
        {
            return ""; // it has ended meanwhile
        }
    }
}
