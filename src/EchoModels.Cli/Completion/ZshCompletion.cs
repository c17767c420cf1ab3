using System.CommandLine;

namespace EchoModels.Cli.Completion;

/// <summary>The script for zsh: see zshcompsys(1).</summary>
internal sealed class ZshCompletion(RootCommand root)
{
    public string Script => $$"""
        #compdef echomodels
        # echomodels for zsh: source <(echomodels completion zsh) after compinit, or this text as a file _echomodels in a directory of $fpath
        _echomodels() {
            local current=${words[CURRENT]} previous=${words[CURRENT-1]}
            if ((CURRENT == 2)); then
                local -a verbs=(
        {{string.Join('\n', root.Subcommands.Select(verb => $"            {Quote($"{verb.Name}:{verb.Description}")}"))}}
                    'help:show the help of a command'
                )
                _describe -t commands command verbs
                return
            fi
            case "${words[2]} $previous" in
        {{string.Join('\n', root.Subcommands.SelectMany(Values))}}
            esac
            case ${words[2]} in
            help) ((CURRENT == 3)) && compadd -- {{string.Join(' ', root.Subcommands.Select(verb => verb.Name))}} ;;
        {{string.Join('\n', root.Subcommands.Select(Words))}}
            esac
        }
        if [[ $funcstack[1] == _echomodels ]]; then
            _echomodels "$@"
        else
            compdef _echomodels echomodels
        fi
        """;

    private static IEnumerable<string> Values(Command verb) => CompletionScript.WithValue(verb).Select(option =>
        $"    {string.Join('|', CompletionScript.Names(option).Select(name => $"'{verb.Name} {name}'"))}) {Add(CompletionScript.Values(option))}; return ;;");

    private static string Words(Command verb)
    {
        string options = $"compadd -- {string.Join(' ', CompletionScript.OptionNames(verb))}";
        string arguments = string.Join(' ', CompletionScript.ArgumentWords(verb));
        return arguments.Length == 0
            ? $"    {verb.Name}) {options} ;;"
            : $"    {verb.Name}) if [[ $current == -* ]]; then {options}; else compadd -- {arguments}; fi ;;";
    }

    private static string Add(string words) => words.Length == 0 ? ":" : $"compadd -- {words}";

    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
