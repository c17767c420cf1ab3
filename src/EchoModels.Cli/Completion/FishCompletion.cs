using System.CommandLine;

namespace EchoModels.Cli.Completion;

/// <summary>The script for fish: see complete(1) of fish.</summary>
internal sealed class FishCompletion(RootCommand root)
{
    private const string NoVerb = "__fish_use_subcommand";

    public string Script => string.Join('\n',
    [
        "# echomodels for fish: echomodels completion fish | source, or this text as a file in ~/.config/fish/completions/echomodels.fish",
        "complete -c echomodels -f",
        .. root.Subcommands.Select(verb => $"complete -c echomodels -n {NoVerb} -a {verb.Name} -d {Quote(verb.Description ?? "")}"),
        $"complete -c echomodels -n {NoVerb} -a help -d 'show the help of a command'",
        $"complete -c echomodels -n '__fish_seen_subcommand_from help' -a {Quote(string.Join(' ', root.Subcommands.Select(verb => verb.Name)))}",
        .. root.Subcommands.SelectMany(Lines),
    ]);

    private static IEnumerable<string> Lines(Command verb)
    {
        string when = $"complete -c echomodels -n '__fish_seen_subcommand_from {verb.Name}'";
        string arguments = string.Join(' ', CompletionScript.ArgumentWords(verb));
        if (arguments.Length > 0)
            yield return $"{when} -a {Quote(arguments)}";

        HashSet<Option> withValue = [.. CompletionScript.WithValue(verb)];
        foreach (Option option in verb.Options)
        {
            string names = string.Concat(CompletionScript.Names(option).Select(name => name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}"));
            string values = CompletionScript.Values(option);
            yield return $"{when}{names}{(withValue.Contains(option) ? " -x" : "")}{(values.Length > 0 ? $" -a {Quote(values)}" : "")} -d {Quote(option.Description ?? "")}";
        }

        yield return $"{when} -l help -s h -d 'show the help'";
    }

    private static string Quote(string text) => $"'{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";
}
