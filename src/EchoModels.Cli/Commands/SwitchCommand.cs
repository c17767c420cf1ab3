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
          echomodels switch epoll --trigger edge           the same model with another option
          echomodels switch thread-pool --workers 50
        """;

    public static Command Create()
    {
        Argument<ModelRow> model = CommonOptions.ModelArgument("the model to change to");
        Option<ServerChoice?> port = ServerChoice.Option();
        Option<bool> json = CommonOptions.Json();
        ModelOptionValues options = new();
        Verb command = new("switch", "change a running server's I/O model or its options; its clients stay connected", Examples) { model, port, json };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            ModelRow to = parsed.GetRequiredValue(model);
            return Run(Requests.Switch(to, options.Read(parsed, to)), parsed.GetValue(port), parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(string request, ServerChoice? port, bool json)
    {
        StandardStreams.DemandOutput(); // before anything is changed
        RunningServer server = ServerFinder.Find(port);
        string answer = ControlClient.Ask(server, request);
        SwitchReport report = JsonSerializer.Deserialize(answer, Wire.Readable.SwitchReport)!;
        string line = (report.FromInWords == report.ToInWords
            ? $"already {report.ToInWords}"
            : string.Create(CultureInfo.InvariantCulture, $"switched from {report.FromInWords} to {report.ToInWords}: {Quantity.Of(report.Connections, "connection")} kept, the pause was {report.PauseMs:0.0} ms")) + $"; {server.Description}";

        Console.Out.WriteLine(json ? answer.TrimEnd() : line);
        return ExitCode.Ok;
    }
}
