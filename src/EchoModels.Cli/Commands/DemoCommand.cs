using System.CommandLine;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Demos;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels demo: a few calls on real sockets, and what the kernel answers.</summary>
internal static class DemoCommand
{
    private const string Examples = """
          echomodels demo                        list the demonstrations
          echomodels demo connect-in-progress
        """;

    public static Command Create()
    {
        Argument<DemoRow?> demo = new("NAME")
        {
            Description = "the demonstration; without it, they are listed",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => null,
            CustomParser = result => Values.Parse(result, "NAME", (string text, out DemoRow? row) => (row = DemoTable.Find(text)) is not null, AcceptedNames),
        };
        AcceptedNames.TellFor(demo);
        Verb command = new("demo", "show a few calls on real sockets, and what the kernel answers", Examples) { demo };
        command.SetAction(parsed => Run(parsed.GetValue(demo)));
        return command;
    }

    private static Accepted AcceptedNames => Accepted.OneOf([.. DemoTable.Rows.Select(row => row.Name)]);

    private static int Run(DemoRow? demo)
    {
        if (demo is not null)
        {
            demo.Run(new DemoOutput(Console.Out));
            return ExitCode.Ok;
        }

        foreach (DemoRow row in DemoTable.Rows)
            Console.Out.WriteLine($"{row.Name}  {row.Summary}");

        return ExitCode.Ok;
    }
}
