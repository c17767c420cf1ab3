using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels switch: tells a running server to change its model.</summary>
internal static class SwitchCommand
{
    private const string Examples = """
          echomodels switch threads
          echomodels switch epoll --port 9000
        """;

    public static Command Create()
    {
        Argument<ModelRow> model = CommonOptions.ModelArgument($"the model to change to: {CommonOptions.Names(ModelTable.Rows)}");
        Option<int> port = CommonOptions.Port();
        Option<bool> json = CommonOptions.Json();
        Verb command = new("switch", "change a running server's I/O model; its clients stay connected", Examples) { model, port, json };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(model), parsed.GetValue(port), parsed.GetValue(json)));
        return command;
    }

    private static int Run(ModelRow model, int port, bool json)
    {
        string answer = ControlClient.Ask(port, $"switch {model.Name}");
        SwitchReport report = JsonSerializer.Deserialize(answer, Wire.Readable.SwitchReport)!;
        string line = report.From == report.To
            ? $"already {report.To}"
            : string.Create(CultureInfo.InvariantCulture, $"switched from {report.From} to {report.To}: {report.Connections} connections went along, the pause was {report.PauseMs:0.0} ms");

        Console.Out.WriteLine(json ? answer.TrimEnd() : line);
        return ExitCode.Ok;
    }
}
