using System.CommandLine;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Completion;

/// <summary>What can be completed, as the scripts of all shells need it: made from the same options that are parsed.</summary>
internal static class CompletionScript
{
    /// <summary>The shells, each with its script.</summary>
    public static IReadOnlyDictionary<string, Func<RootCommand, string>> Shells { get; } = new Dictionary<string, Func<RootCommand, string>>
    {
        ["bash"] = root => new BashCompletion(root).Script,
        ["zsh"] = root => new ZshCompletion(root).Script,
        ["fish"] = root => new FishCompletion(root).Script,
    };

    /// <summary>The verbs, and the word help.</summary>
    public static IEnumerable<string> Verbs(RootCommand root) => [.. root.Subcommands.Select(verb => verb.Name), "help"];

    /// <summary>An option's long and short form.</summary>
    public static IEnumerable<string> Names(Option option) => [option.Name, .. option.Aliases];

    /// <summary>The words that a verb's arguments accept.</summary>
    public static IEnumerable<string> ArgumentWords(Command verb) => verb.Arguments.SelectMany(argument => Accepted.By(argument).Words);

    /// <summary>A verb's options, and the one for help that all have.</summary>
    public static IEnumerable<string> OptionNames(Command verb) => [.. verb.Options.SelectMany(Names), "--help"];

    /// <summary>The options of a verb that take a value.</summary>
    public static IEnumerable<Option> WithValue(Command verb) => verb.Options.Where(option => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool));

    /// <summary>The values of an option; empty if there is no list of them.</summary>
    public static string Values(Option option) => string.Join(' ', Accepted.By(option).Words);
}
