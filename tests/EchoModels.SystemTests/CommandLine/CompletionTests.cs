using System.Diagnostics;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.CommandLine;

/// <summary>The scripts with which shells complete a command line, in real shells.</summary>
public sealed class CompletionTests
{
    private const string Complete = """
        eval "$("$0" completion bash)"
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _echomodels
        echo "${COMPREPLY[*]}"
        """;

    [Slow, Theory]
    [InlineData("sta", "status")]
    [InlineData("serve --mo", "--model")]
    [InlineData("serve --model ep", "epoll")]
    [InlineData("serve -m thread", "threads thread-pool")]
    [InlineData("switch io", "io-uring")]
    [InlineData("switch epoll --tri", "--trigger")]
    [InlineData("switch epoll --trigger ", "level edge")]
    [InlineData("serve --selector ", "auto epoll poll select")]
    [InlineData("source --selector epoll-", "epoll-edge")]
    [InlineData("serve --drain ", "")]
    [InlineData("help sto", "stop")]
    [InlineData("completion ", "bash zsh fish")]
    public void Bash_completes(string typed, string expected)
    {
        using RuntimeDirectory directory = new();
        using Process bash = Launcher.Start(Launcher.Prepare(directory, ["bash", "--norc", "-c", Complete, Executable.Path, "echomodels", .. typed.Split(' ')]));
        bash.StandardInput.Close();
        string output = bash.StandardOutput.ReadToEnd();
        Assert.True(bash.WaitForExit(Limit.Generous), "bash did not end");
        Assert.Equal(expected, output.TrimEnd('\n'));
    }

    [Slow, Theory]
    [InlineData("zsh", "#compdef echomodels\n")]
    [InlineData("fish", "# echomodels for fish")]
    public void Each_shell_has_a_script_with_every_verb_and_model(string shell, string beginning)
    {
        Outcome outcome = Executable.Run("completion", shell);
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.StartsWith(beginning, outcome.Output);
        Assert.All(["serve", "switch", "status", "stop", "check", "models", "source", "client", "demo", "completion", "trigger"], word => Assert.Contains(word, outcome.Output));
        Assert.All(Models.Rows, row => Assert.Contains(row.GetProperty("name").GetString()!, outcome.Output));
    }
}
