using System.CommandLine;
using System.CommandLine.Parsing;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Commands;

/// <summary>The options and arguments that several verbs share.</summary>
internal static class CommonOptions
{
    public const int DefaultPort = 8888;

    private const string AcceptedPorts = "a whole number from 0 to 65535 (0 takes a free one)";

    public static Option<ModelRow> Model() =>
        Values.Make("--model", "-m", "the I/O model to begin with", ModelTable.Find("epoll")!, TryModel, Names(ModelTable.Rows));

    public static Argument<ModelRow> ModelArgument(string what)
    {
        Argument<ModelRow> argument = new("MODEL")
        {
            Description = what,
            CustomParser = result => Values.Parse<ModelRow>(result, "MODEL", TryModel, Names(ModelTable.Rows)),
        };
        Values.SetAccepted(argument, Names(ModelTable.Rows));
        return argument;
    }

    /// <summary>The ports to listen on; the option may be repeated.</summary>
    public static Option<int[]> Ports()
    {
        Option<int[]> option = new("--port", "-p")
        {
            Description = "the port to listen on; may be given several times",
            Arity = ArgumentArity.OneOrMore,
            DefaultValueFactory = _ => [DefaultPort],
            CustomParser = ParsePorts,
        };
        Values.SetAccepted(option, AcceptedPorts);
        return option;
    }

    /// <summary>The port of a server to talk to.</summary>
    public static Option<int> Port() => Values.Count("--port", "-p", "the server's port", 1, 65535, DefaultPort);

    public static Option<bool> Json() => new("--json") { Description = "print JSON, for programs" };

    public static string Names(IEnumerable<ModelRow> rows) => string.Join(", ", rows.Select(row => row.Name));

    private static bool TryModel(string text, out ModelRow value) => (value = ModelTable.Find(text)!) is not null;

    private static int[] ParsePorts(ArgumentResult result)
    {
        List<int> ports = [];
        foreach (Token token in result.Tokens)
        {
            if (!Values.TryCount(token.Value, 0, 65535, out int port))
                result.AddError($"--port '{Printable.Escape(token.Value)}': accepted is {AcceptedPorts}");
            else if (port != 0 && ports.Contains(port))
                result.AddError($"--port '{port}': given twice; accepted is each port once");
            else
                ports.Add(port);
        }

        return [.. ports];
    }
}
