using System.CommandLine;
using System.CommandLine.Parsing;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Commands;

/// <summary>The options and arguments that several verbs share.</summary>
internal static class CommonOptions
{
    public const int DefaultPort = 8888;

    private static readonly Accepted AcceptedPorts = new("a whole number from 0 to 65535 (0 takes a free one)");
    private static readonly Accepted AcceptedModels = Accepted.OneOf([.. ModelTable.Rows.Select(row => row.Name)]);

    public static Option<ModelRow> Model() =>
        Values.Make("--model", "-m", "MODEL", "the I/O model to begin with", ModelTable.Find("epoll")!, TryModel, AcceptedModels);

    public static Argument<ModelRow> ModelArgument(string what)
    {
        Argument<ModelRow> argument = new("MODEL")
        {
            Description = what,
            CustomParser = result => Values.Parse<ModelRow>(result, "MODEL", TryModel, AcceptedModels),
        };
        AcceptedModels.TellFor(argument);
        return argument;
    }

    /// <summary>The ports to listen on; the option may be repeated.</summary>
    public static Option<int[]> Ports()
    {
        Option<int[]> option = new("--port", "-p")
        {
            Description = "the port to listen on; may be given several times",
            HelpName = "PORT",
            Arity = ArgumentArity.OneOrMore,
            DefaultValueFactory = _ => [DefaultPort],
            CustomParser = ParsePorts,
        };
        AcceptedPorts.TellFor(option);
        return option;
    }

    /// <summary>The port of a server to talk to.</summary>
    public static Option<int> Port() => Values.Number("--port", "-p", "the server's port", 1, 65535, DefaultPort);

    public static Option<bool> Json() => new("--json") { Description = "print JSON, for programs" };

    private static bool TryModel(string text, out ModelRow value) => (value = ModelTable.Find(text)!) is not null;

    private static int[] ParsePorts(ArgumentResult result)
    {
        List<int> ports = [];
        foreach (Token token in result.Tokens)
        {
            if (!Values.TryNumber(token.Value, 0, 65535, out int port))
                result.AddError(AcceptedPorts.Refusal("--port", token.Value));
            else if (port != 0 && ports.Contains(port))
                result.AddError($"--port '{port}': given twice; accepted is each port once");
            else
                ports.Add(port);
        }

        return [.. ports];
    }
}
