using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using EchoModels.Kernel;

namespace EchoModels.Cli.CommandLine;

/// <summary>Runs a command line; turns every refusal and failure into one line on stderr and an exit code.</summary>
internal static class Usage
{
    public static int Run(RootCommand root, string[] arguments)
    {
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null }); // @ is a letter like any other
        Command command = parsed.CommandResult.Command;
        if (parsed.Action is ParseErrorAction)
            return Refuse(command, Complaint(parsed, command));

        try
        {
            // Signals are the verbs' own business, and so are exceptions.
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException complaint)
        {
            return Refuse(command, complaint.Message);
        }
        catch (RunFailedException failure)
        {
            StdErr.WriteLine($"echomodels: {failure.Message}");
            return ExitCode.Failed;
        }
        catch (TypeInitializationException refused) when (refused.TypeName.StartsWith("System.Net.Sockets.", StringComparison.Ordinal))
        {
            // It makes an epoll of its own before the first socket; a sandbox that forbids that forbids every socket.
            StdErr.WriteLine($"echomodels: {Printable.Escape(RuntimeSockets.Reason(refused))}");
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

    private static int Refuse(Command command, string complaint)
    {
        string path = command is RootCommand ? "echomodels" : $"echomodels {command.Name}";
        StdErr.WriteLine($"echomodels: {complaint}");
        StdErr.WriteLine($"Try '{path} --help'.");
        return ExitCode.Usage;
    }

    private static string Complaint(ParseResult parsed, Command command)
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
