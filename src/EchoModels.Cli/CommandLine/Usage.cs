using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace EchoModels.Cli.CommandLine;

/// <summary>Runs a command line, and turns every error into one line on stderr and an exit code.</summary>
internal static class Usage
{
    public static int Run(RootCommand root, string[] arguments)
    {
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null }); // so that @ has no special meaning
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
        catch (IOException failure)
        {
            StdErr.WriteLine($"echomodels: {Printable.Escape(failure.Message)}"); // a full disk behind stdout, for instance
            return ExitCode.Failed;
        }
        catch (Exception fault)
        {
            StdErr.WriteLine($"echomodels: unexpected {fault.GetType().Name}: {Printable.Escape(fault.Message)}");
            return ExitCode.Failed;
        }
    }

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
                ? $"unknown option '{token}': accepted are {string.Join(", ", command.Options.Select(option => option.Name))}"
                : $"unknown {(command.Subcommands.Count > 0 ? "command" : "argument")} '{token}': accepted are {Accepted(command)}";
        }

        ParseError error = parsed.Errors[0];
        return error.SymbolResult switch
        {
            CommandResult when command.Subcommands.Count > 0 => $"no command given: accepted are {Accepted(command)}",
            OptionResult { Tokens.Count: 0 } option =>
                $"{option.IdentifierToken?.Value ?? option.Option.Name}: its value is missing; accepted is {Values.AcceptedBy(option.Option)}",
            OptionResult { Option.Arity.MaximumNumberOfValues: 1, Tokens.Count: > 1 } option =>
                $"{option.IdentifierToken?.Value ?? option.Option.Name}: given {option.Tokens.Count} times; accepted is a single value",
            _ when MissingArgument(parsed, command) is { } argument =>
                $"{argument.Name} is missing; accepted is {Values.AcceptedBy(argument)}",
            _ => Printable.Escape(error.Message),
        };
    }

    private static Argument? MissingArgument(ParseResult parsed, Command command) =>
        command.Arguments.FirstOrDefault(argument => parsed.GetResult(argument) is null or { Tokens.Count: 0 });

    private static string Accepted(Command command) =>
        string.Join(", ", command.Subcommands.Count > 0
            ? command.Subcommands.Select(verb => verb.Name)
            : [.. command.Arguments.Select(argument => argument.Name), .. command.Options.Select(option => option.Name)]);
}
