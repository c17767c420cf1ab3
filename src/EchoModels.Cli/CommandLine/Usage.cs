using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace EchoModels.Cli.CommandLine;

/// <summary>Runs a command line, and turns every error into one line on stderr and an exit code.</summary>
internal static class Usage
{
    public static int Run(RootCommand root, string[] arguments)
    {
        if (arguments.Length == 0)
            return ShowVerbs(root);

        ParseResult parsed = root.Parse(HelpVerb(root, arguments), new ParserConfiguration { ResponseFileTokenReplacer = null }); // so that @ has no special meaning
        Command command = parsed.CommandResult.Command;
        if (parsed.Action is ParseErrorAction)
            return Refuse(command, ErrorText(parsed, command));

        try
        {
            // The verbs handle signals themselves, and the catch clauses below the exceptions.
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException error)
        {
            return Refuse(command, error.Message);
        }
        catch (RunFailedException failure)
        {
            StdErr.WriteLine($"echomodels: {failure.Message}");
            return ExitCode.Failed;
        }
        catch (BrokenPipeException)
        {
            return ExitCode.Failed;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            StdErr.WriteLine($"echomodels: {Printable.Escape(failure.Message)}"); // a full disk behind stdout, or a closed stdout
            return ExitCode.Failed;
        }
        catch (Exception fault)
        {
            StdErr.WriteLine($"echomodels: unexpected {fault.GetType().Name}: {Printable.Escape(fault.Message)}");
            return ExitCode.Failed;
        }
    }

    /// <summary>Without arguments: the verbs, on stderr, as nothing was run.</summary>
    private static int ShowVerbs(RootCommand root)
    {
        using StringWriter help = new();
        root.Parse(["--help"]).Invoke(new InvocationConfiguration { Output = help });
        StdErr.WriteLine(help.ToString().TrimEnd());
        return ExitCode.Usage;
    }

    /// <summary>Accepts <c>help</c>, <c>help serve</c> and <c>serve help</c> for <c>--help</c> and <c>serve --help</c>.</summary>
    private static string[] HelpVerb(RootCommand root, string[] arguments) => arguments switch
    {
        ["help"] => ["--help"],
        ["help", string verb] => IsVerb(root, verb) ? [verb, "--help"] : [verb],
        [string verb, "help"] when IsVerb(root, verb) => [verb, "--help"],
        _ => arguments,
    };

    private static bool IsVerb(RootCommand root, string word) => root.Subcommands.Any(verb => verb.Name == word);

    private static int Refuse(Command command, string error)
    {
        string path = command is RootCommand ? "echomodels" : $"echomodels {command.Name}";
        StdErr.WriteLine($"echomodels: {error}");
        StdErr.WriteLine($"Try '{path} --help'.");
        return ExitCode.Usage;
    }

    private static string ErrorText(ParseResult parsed, Command command)
    {
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string token = Printable.Escape(parsed.UnmatchedTokens[0]);
            return token.StartsWith('-')
                ? $"unknown option '{token}': accepted are {string.Join(", ", OptionNames(command))}{Nearest.Question(token, OptionNames(command))}"
                : $"unknown {(command.Subcommands.Count > 0 ? "command" : "argument")} '{token}': accepted are {AcceptedBy(command)}{Nearest.Question(token, VerbNames(command))}";
        }

        ParseError error = parsed.Errors[0];
        return error.SymbolResult switch
        {
            CommandResult when command.Subcommands.Count > 0 => $"no command given: accepted are {AcceptedBy(command)}",
            OptionResult { Tokens.Count: 0 } option =>
                $"{option.IdentifierToken?.Value ?? option.Option.Name}: its value is missing; accepted is {Accepted.By(option.Option).Text}",
            OptionResult { Option.Arity.MaximumNumberOfValues: 1, Tokens.Count: > 1 } option =>
                $"{option.IdentifierToken?.Value ?? option.Option.Name}: given {option.Tokens.Count} times; accepted is a single value",
            _ when MissingArgument(parsed, command) is { } argument =>
                $"{argument.Name} is missing; accepted is {Accepted.By(argument).Text}",
            _ => Printable.Escape(error.Message),
        };
    }

    private static Argument? MissingArgument(ParseResult parsed, Command command) =>
        command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is null or { Tokens.Count: 0 });

    private static string AcceptedBy(Command command) => string.Join(", ", command.Subcommands.Count > 0
        ? VerbNames(command)
        : [.. command.Arguments.Select(argument => argument.Name), .. OptionNames(command)]);

    private static IEnumerable<string> VerbNames(Command command) => command.Subcommands.Select(verb => verb.Name);

    private static IEnumerable<string> OptionNames(Command command) => command.Options.Select(option => option.Name);
}
