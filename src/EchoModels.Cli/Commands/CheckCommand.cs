using System.CommandLine;
using System.Text.Json;
using EchoModels.Cli.Checks;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;
using EchoModels.Cli.Serving;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels check: whether this machine is ready for a class.</summary>
internal static class CheckCommand
{
    private const string Examples = """
          echomodels check                        exit code 3 if something has to be mended
          echomodels check -p 9991 -p 9992        other ports than 8888
          echomodels check --json
        """;

    public static Command Create()
    {
        Option<int[]> ports = CommonOptions.Ports();
        ports.Description = "a port that is to be free; may be given several times";
        Option<bool> json = CommonOptions.Json();
        Verb command = new("check", "tell whether this machine is ready for a class: limits, ports, selectors, terminal, other servers", Examples) { ports, json };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(ports), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int[] ports, bool json)
    {
        CheckLine[] lines = [.. MachineCheck.Run(ports)];
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(lines, Wire.Readable.CheckLineArray));
        else
            Print(lines, WindowSize.OfOutput());

        return lines.Any(line => line.State == CheckLine.IsFix) ? ExitCode.NotAvailable : ExitCode.Ok;
    }

    private static void Print(CheckLine[] lines, WindowSize window)
    {
        bool hasColours = Colour.IsFor(Console.IsOutputRedirected);
        int width = lines.Max(line => line.Name.Length) + 2;
        foreach (CheckLine line in lines)
        {
            string state = line.State.PadRight(6);
            string text = line.Advice is null ? line.Finding : $"{line.Finding}: {line.Advice}";
            IReadOnlyList<string> pieces = TextTable.Break(text, window.Columns - state.Length - width);
            Console.Out.WriteLine($"{(hasColours ? ColourOf(line.State) + state + LogTheme.Reset : state)}{line.Name.PadRight(width)}{pieces[0]}");
            foreach (string piece in pieces.Skip(1))
                Console.Out.WriteLine(new string(' ', state.Length + width) + piece);
        }
    }

    private static string ColourOf(string state) => state switch
    {
        CheckLine.IsOk => LogTheme.Green,
        CheckLine.IsNote => LogTheme.Orange,
        _ => LogTheme.Red,
    };
}
