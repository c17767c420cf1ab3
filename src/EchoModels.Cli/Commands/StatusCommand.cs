using System.CommandLine;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels status: one snapshot of a running server.</summary>
internal static class StatusCommand
{
    private const string Examples = """
          echomodels status
          echomodels status --port 9000 --json
        """;

    public static Command Create()
    {
        Option<ServerChoice?> port = ServerChoice.Option();
        Option<bool> json = CommonOptions.Json();
        Verb command = new("status", "show a running server's model and counters", Examples) { port, json };
        command.SetAction(parsed => Run(parsed.GetValue(port), parsed.GetValue(json)));
        return command;
    }

    private static int Run(ServerChoice? port, bool json)
    {
        RunningServer server = ServerFinder.Find(port);
        string answer = ControlClient.Ask(server, Requests.Status);
        if (json)
            Console.Out.WriteLine(answer.TrimEnd());
        else
            Print(StatusText.Of(server, JsonSerializer.Deserialize(answer, Wire.Readable.StatusReport)!), WindowSize.OfOutput());

        return ExitCode.Ok;
    }

    /// <summary>Prints what fits the window; what matters least is left out first, and the last line says so.</summary>
    private static void Print(StatusText text, WindowSize window)
    {
        IReadOnlyList<string> lines = text.Fit(window);
        foreach (string line in lines)
            Console.Out.WriteLine(line);
    }
}
