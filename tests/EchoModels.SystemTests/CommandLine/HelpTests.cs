using System.Text.Json;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.CommandLine;

/// <summary>What the program says about itself.</summary>
public sealed class HelpTests
{
    [MainCase, Slow, Theory]
    [InlineData("serve", "--model --port --bind --selector --backlog --drain --no-live --log-level")]
    [InlineData("switch", "MODEL --port")]
    [InlineData("status", "--port --json")]
    [InlineData("models", "--json")]
    [InlineData("stop", "--port --json")]
    [InlineData("check", "--port --json")]
    [InlineData("source", "MODEL --selector --list")]
    [InlineData("completion", "SHELL bash zsh fish")]
    [InlineData("demo", "NAME connect-in-progress")]
    [InlineData("client", "--count --host --port --duration --messages --size --pipeline --think --json")]
    public void The_help_of_a_verb_names_its_options_and_ends_with_examples(string verb, string options)
    {
        Outcome outcome = Executable.Run(verb, "--help");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Empty(outcome.Error);
        Assert.All(options.Split(' '), option => Assert.Contains(option, outcome.Output));
        string examples = outcome.Output[outcome.Output.IndexOf("Examples:", StringComparison.Ordinal)..];
        Assert.Matches($@"\n +echomodels {verb}\b", examples);
        Assert.Equal(outcome.Output, Executable.Run(verb, "-h").Output);
    }

    [Slow, Fact]
    public void The_help_of_serve_lists_what_every_option_accepts()
    {
        string help = Executable.Run("serve", "--help").Output;
        string options = help[help.IndexOf("Options:", StringComparison.Ordinal)..help.IndexOf("Examples:", StringComparison.Ordinal)];
        string[] lines = [.. options.Split('\n').Where(line => line.TrimStart().StartsWith('-') && line.Contains('<', StringComparison.Ordinal))];

        Assert.InRange(lines.Length, 15, 40);
        Assert.All(lines, line => Assert.Contains("accepted is ", line));
        Assert.Contains(lines, line => line.Contains("--spin <TIME>", StringComparison.Ordinal) && line.Contains("from 0s to 1s", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("--model <MODEL>", StringComparison.Ordinal) && line.Contains("io-uring", StringComparison.Ordinal));
    }

    [Slow, Theory]
    [InlineData("help serve", "serve --help")]
    [InlineData("serve help", "serve --help")]
    [InlineData("help", "--help")]
    public void The_word_help_is_as_good_as_the_option(string words, string option)
    {
        Outcome outcome = Executable.Run(words.Split(' '));
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Equal(Executable.Run(option.Split(' ')).Output, outcome.Output);
    }

    [Fact]
    public void Without_arguments_the_verbs_are_listed_on_stderr_with_exit_code_2()
    {
        Outcome outcome = Executable.Run();
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.Equal(Executable.Run("--help").Output.TrimEnd(), outcome.Error.TrimEnd());
    }

    [Slow, Fact]
    public void Every_verb_has_examples()
    {
        Outcome outcome = Executable.Run("--help");

        Assert.Equal(0, outcome.ExitCode);
        string commands = outcome.Output[outcome.Output.IndexOf("Commands:", StringComparison.Ordinal)..];
        string[] verbs = [.. Regex.Matches(commands, @"^  (\w+)", RegexOptions.Multiline).Select(match => match.Groups[1].Value)];
        Assert.Superset(new HashSet<string> { "serve", "switch", "status", "models" }, verbs.ToHashSet());
        Assert.All(verbs, verb => Assert.Matches($@"Examples:\s+echomodels {verb}\b", Executable.Run(verb, "--help").Output));
    }

    [Slow, Fact]
    public void The_examples_of_serve_can_be_parsed()
    {
        Outcome help = Executable.Run("serve", "--help");
        string[] examples = [.. Regex.Matches(help.Output.Split("Examples:")[1], @"^ +echomodels serve(.*?)(  .*)?$", RegexOptions.Multiline)
            .Select(match => match.Groups[1].Value)];

        // With an address of another machine each fails before it serves; one that is not understood would exit with 2.
        Assert.NotEmpty(examples);
        Assert.All(examples.Where(example => !example.Contains("--bind", StringComparison.Ordinal)), example => Assert.Equal(1,
            Executable.Run(["serve", .. example.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--bind", "203.0.113.1"]).ExitCode));
    }

    [MainCase, Fact]
    public void The_version_is_one_line()
    {
        Outcome outcome = Executable.Run("--version");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Empty(outcome.Error);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", outcome.Output);
    }

    [MainCase, Fact]
    public void The_models_are_listed_in_a_table()
    {
        Outcome outcome = Executable.Run("models");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Empty(outcome.Error);
        Assert.DoesNotContain('\u001b', outcome.Output);
        Assert.DoesNotMatch(@"[ \t]\n", outcome.Output);
        Assert.All(Models.Rows, row => Assert.Contains(outcome.Output.Split('\n'), line =>
            line.Contains(row.GetProperty("name").GetString()!, StringComparison.Ordinal)
            && line.Contains(row.GetProperty("summary").GetString()!, StringComparison.Ordinal)));
        Assert.All(["epoll", "poll", "select"], selector => Assert.Matches($@"\n{selector} .*\byes\b", outcome.Output));
    }

    [MainCase, Fact]
    public void The_models_are_listed_in_a_json_array()
    {
        Assert.All(Models.Rows, row =>
        {
            Assert.NotEmpty(row.GetProperty("name").GetString()!);
            Assert.NotEmpty(row.GetProperty("summary").GetString()!);
            Assert.NotEmpty(row.GetProperty("waitsIn").GetString()!);
            Assert.NotEmpty(row.GetProperty("threads").GetString()!);
            bool available = row.GetProperty("available").GetBoolean();
            Assert.Equal(available ? JsonValueKind.Null : JsonValueKind.String, row.GetProperty("reason").ValueKind);
        });
        Assert.Superset(new HashSet<string> { "blocking", "threads", "busy-poll", "select", "poll", "epoll" }, Models.Available.ToHashSet());
    }
}
