using System.CommandLine;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Completion;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels completion: the script with which a shell completes verbs, options and their values.</summary>
internal static class CompletionCommand
{
    private const string Examples = """
          echomodels completion bash                  print the script
          eval "$(echomodels completion bash)"        bash, for this shell; in ~/.bashrc, for each one
          source <(echomodels completion zsh)         zsh, after compinit
          echomodels completion fish | source         fish
        """;

    public static Command Create(RootCommand root)
    {
        string[] shells = [.. CompletionScript.Shells.Keys];
        Accepted accepted = Accepted.OneOf(shells);
        Argument<string> shell = new("SHELL")
        {
            Description = "the shell that the script is for",
            CustomParser = result => Values.Parse(result, "SHELL", (string text, out string value) => shells.Contains(value = text), accepted),
        };
        accepted.TellFor(shell);
        Verb command = new("completion", "print a script with which a shell completes commands, options and models", Examples) { shell };
        command.SetAction(parsed =>
        {
            Console.Out.WriteLine(CompletionScript.Shells[parsed.GetRequiredValue(shell)](root));
            return ExitCode.Ok;
        });
        return command;
    }
}
