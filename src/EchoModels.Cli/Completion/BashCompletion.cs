using System.CommandLine;

namespace EchoModels.Cli.Completion;

/// <summary>The script for bash: see "Programmable Completion" in its manual.</summary>
internal sealed class BashCompletion(RootCommand root)
{
    public string Script => $$"""
        # echomodels for bash: eval "$(echomodels completion bash)", or this text as a file in ~/.local/share/bash-completion/completions/echomodels
        _echomodels() {
            local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=''
            if ((COMP_CWORD == 1)); then
                words='{{string.Join(' ', CompletionScript.Verbs(root))}}'
            else
                case "${COMP_WORDS[1]} $previous" in
        {{string.Join('\n', root.Subcommands.SelectMany(Values))}}
                *)
                    case ${COMP_WORDS[1]} in
                    help) ((COMP_CWORD == 2)) && words='{{string.Join(' ', root.Subcommands.Select(verb => verb.Name))}}' ;;
        {{string.Join('\n', root.Subcommands.Select(Words))}}
                    esac ;;
                esac
            fi
            COMPREPLY=($(compgen -W "$words" -- "$current"))
        }
        complete -F _echomodels echomodels
        """;

    /// <summary>The values of each option that takes one; none where there is no list of them.</summary>
    private static IEnumerable<string> Values(Command verb) => CompletionScript.WithValue(verb).Select(option =>
        $"        {string.Join('|', CompletionScript.Names(option).Select(name => $"'{verb.Name} {name}'"))}) words='{CompletionScript.Values(option)}' ;;");

    /// <summary>An option's name begins with a dash: without one, the arguments are offered, if the verb has any.</summary>
    private static string Words(Command verb)
    {
        string options = string.Join(' ', CompletionScript.OptionNames(verb));
        string arguments = string.Join(' ', CompletionScript.ArgumentWords(verb));
        return arguments.Length == 0
            ? $"            {verb.Name}) words='{options}' ;;"
            : $"            {verb.Name}) if [[ $current == -* ]]; then words='{options}'; else words='{arguments}'; fi ;;";
    }
}
