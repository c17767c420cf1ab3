using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.CommandLine;

/// <summary>A wrong command line: one line that names the option, the value and what is accepted, then a hint; exit 2.</summary>
public sealed class WrongUsageTests
{
    private static readonly string EveryModel = string.Join(", ", Models.Rows.Select(row => row.GetProperty("name").GetString()));

    public static TheoryData<string, string, string[]> Wrong => new()
    {
        { "serve --model nope", "serve", ["--model", "'nope'", EveryModel] },
        { "serve -m epol", "serve", ["--model", "'epol'", EveryModel, "did you mean 'epoll'?"] },
        { "serve -m iouring", "serve", ["--model", "did you mean 'io-uring'?"] },
        { "serve --model=", "serve", ["--model", "accepted", EveryModel] },
        { "serve -m epoll -m poll", "serve", ["-m", "single"] },
        { "serve --port abc", "serve", ["--port", "'abc'", "0 to 65535"] },
        { "serve -p 65536", "serve", ["--port", "'65536'", "0 to 65535"] },
        { "serve -p -1", "serve", ["--port", "'-1'", "0 to 65535"] },
        { "serve -p 8888.0", "serve", ["--port", "'8888.0'", "0 to 65535"] },
        { "serve -p 99999999999999999999", "serve", ["--port", "'99999999999999999999'", "0 to 65535"] },
        { "serve -p 9001 -p 9001", "serve", ["--port", "'9001'", "twice"] },
        { "serve -p", "serve", ["-p", "accepted", "0 to 65535"] },
        { "serve --drain", "serve", ["--drain", "accepted", "0s to 1h"] },
        { "serve --drain 5x", "serve", ["--drain", "'5x'", "0s to 1h"] },
        { "serve --drain -1s", "serve", ["--drain", "'-1s'", "0s to 1h"] },
        { "serve --drain 2h", "serve", ["--drain", "'2h'", "0s to 1h"] },
        { "serve --backlog 0", "serve", ["--backlog", "'0'", "1 to 65,535"] },
        { "serve --backlog many", "serve", ["--backlog", "'many'", "1 to 65,535"] },
        { "serve --bind nowhere", "serve", ["--bind", "'nowhere'", "IPv4 or IPv6"] },
        { "serve --bind 8888", "serve", ["--bind", "'8888'", "IPv4 or IPv6"] },
        { "serve --bind 127.0.0.256", "serve", ["--bind", "'127.0.0.256'", "IPv4 or IPv6"] },
        { "serve --bind [::1]:9000", "serve", ["--bind", "'[::1]:9000'", "IPv4 or IPv6"] },
        { "client --host [::1]", "client", ["--host", "'[::1]'", "IPv4 or IPv6"] },
        { "serve --bind @here", "serve", ["--bind", "'@here'", "IPv4 or IPv6"] },
        { "@serve", "", ["'@serve'", "serve, switch, status, stop, models"] },
        { "serve -l loud", "serve", ["--log-level", "'loud'", "information, warning, error, fatal"] },
        { "serve -l debug", "serve", ["--log-level", "'debug'", "information, warning, error, fatal"] },
        { "serve -l verbose", "serve", ["--log-level", "'verbose'", "information, warning, error, fatal"] },
        { "serve --selector kqueueue", "serve", ["--selector", "'kqueueue'", "auto, epoll, poll, select"] },
        { "serve -m epoll --selector kqueueue", "serve", ["--selector", "'kqueueue'", "auto, epoll, poll, select"] },
        { "serve -m nope --selector epoll", "serve", ["--model", "'nope'", EveryModel] },
        { "serve --model poll --selector epoll", "serve", ["--selector", "'epoll'", "poll", "auto, poll, select"] },
        { "serve --model select --selector poll", "serve", ["--selector", "'poll'", "select", "auto, select"] },
        { "switch select --selector epoll", "switch", ["--selector", "'epoll'", "select", "auto, select"] },
        { "serve --trigger edge --selector poll", "serve", ["--trigger", "'edge'", "poll", "auto or epoll"] },
        { "serve --trigger both", "serve", ["--trigger", "'both'", "level, edge"] },
        { "serve --workers 0", "serve", ["--workers", "'0'", "1 to 1,000 (1k is 1,000);"] },
        { "serve --prot 9000", "serve", ["'--prot'", "did you mean '--port'?"] },
        { "serve --spin 50", "serve", ["--spin", "'50'", "0s to 1s", "50us", "a number without a unit is seconds"] },
        { "serve now", "serve", ["'now'"] },
        { "serv", "", ["'serv'", "serve, switch, status, stop, models", "did you mean 'serve'?"] },
        { "help stauts", "", ["'stauts'", "did you mean 'status'?"] },
        { "--bogus", "", ["'--bogus'", "--help"] },
        { "switch", "switch", ["MODEL", EveryModel] },
        { "switch nope", "switch", ["MODEL", "'nope'", EveryModel] },
        { "switch epoll poll", "switch", ["'poll'"] },
        { "switch epoll --trigger both", "switch", ["--trigger", "'both'", "level, edge"] },
        { "switch poll --loops 257", "switch", ["--loops", "'257'", "1 to 256"] },
        { "switch io-uring --spin 2s", "switch", ["--spin", "'2s'", "0s to 1s"] },
        { "switch epoll --trigger edge --selector select", "switch", ["--trigger", "'edge'", "select", "auto or epoll"] },
        { "switch epoll --turbo 9", "switch", ["'--turbo'", "--port"] },
        { "switch epoll -p 0", "switch", ["--port", "'0'", "1 to 65535"] },
        { "switch epoll -p x", "switch", ["--port", "'x'", "1 to 65535"] },
        { "switch epoll --prot 9", "switch", ["'--prot'", "--port"] },
        { "status -p 65536", "status", ["--port", "'65536'", "1 to 65535"] },
        { "status --jsno", "status", ["'--jsno'", "--json"] },
        { "status -p 1 -p 2", "status", ["-p", "single"] },
        { "models epoll", "models", ["'epoll'"] },
        { "models --jason", "models", ["'--jason'", "--json"] },
        { "demo nothing", "demo", ["NAME", "'nothing'", "connect-in-progress"] },
        { "demo connect-in-progress twice", "demo", ["'twice'", "NAME"] },
    };

    [MainCase, Slow, Theory]
    [MemberData(nameof(Wrong))]
    public void Is_refused_in_one_line_and_a_hint(string commandLine, string verb, string[] named)
    {
        Outcome outcome = Executable.Run(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.True(outcome.ExitCode == 2, outcome.Everything);
        Assert.Empty(outcome.Output);
        Assert.True(outcome.ErrorLines.Length == 2, outcome.Everything);
        Assert.StartsWith("echomodels: ", outcome.ErrorLines[0]);
        Assert.All(named, word => Assert.Contains(word, outcome.ErrorLines[0]));
        Assert.Equal($"Try '{$"echomodels {verb}".TrimEnd()} --help'.", outcome.ErrorLines[1]);
    }

    [MainCase, Slow, Theory]
    [InlineData("child")]
    [InlineData("child zz zz as-is")]
    [InlineData("child 00 00 as-is more")]
    public void The_hidden_verb_is_refused_with_wrong_arguments(string commandLine)
    {
        Outcome outcome = Executable.Run(commandLine.Split(' '));

        Assert.True(outcome.ExitCode == 2, outcome.Everything);
        Assert.StartsWith("echomodels: child: ", Assert.Single(outcome.ErrorLines));
    }

    [MainCase, Slow, Theory]
    [InlineData("serve --model nope", 2)]
    [InlineData("child", 2)]
    [InlineData("status -p 1", 1)]
    [InlineData("client -p 1 -n 1", 1)]
    public void Has_its_exit_code_although_stderr_cannot_be_written(string commandLine, int code)
    {
        foreach (string stderr in (string[])["2>/dev/full", "2</dev/null"])
        {
            Outcome outcome = Executable.RunUnder(["/bin/sh", "-c", $"exec \"$0\" \"$@\" {stderr}"], commandLine.Split(' '));
            Assert.True(outcome.ExitCode == code, $"{stderr}: {outcome.Everything}");
        }
    }

    [MainCase, Fact]
    public void Is_printed_without_its_control_characters()
    {
        Outcome outcome = Executable.Run("serve", "--model", "\u001b[31mred\n\u202e\u0007");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal(2, outcome.ErrorLines.Length);
        Assert.DoesNotContain('\u001b', outcome.Error);
        Assert.DoesNotContain('\u0007', outcome.Error);
        Assert.DoesNotContain('\u202e', outcome.Error);
    }
}
