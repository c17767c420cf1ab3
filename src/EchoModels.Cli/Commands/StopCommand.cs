using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels stop: ends a running server in order, as SIGTERM does, and waits for its end.</summary>
internal static class StopCommand
{
    private const string Examples = """
          echomodels stop                          the server that runs; unsent bytes have its --drain time to go out
          echomodels stop --port 9000
          echomodels stop && echomodels serve      the port is free by then
        """;

    /// <summary>How much longer than unsent bytes may take it is waited for the end.</summary>
    private static readonly TimeSpan Allowance = TimeSpan.FromSeconds(10);

    /// <summary>How long it takes at the most to see that a connection has ended already.</summary>
    private static readonly TimeSpan ClosedAlready = TimeSpan.FromMilliseconds(100);

    public static Command Create()
    {
        Option<ServerChoice?> port = ServerChoice.Option();
        Option<bool> json = CommonOptions.Json();
        Verb command = new("stop", "end a running server: no new clients, unsent bytes go out, connections are closed", Examples) { port, json };
        command.SetAction(parsed => Run(ServerFinder.Find(parsed.GetValue(port)), parsed.GetValue(json)));
        return command;
    }

    private static int Run(RunningServer server, bool json)
    {
        StandardStreams.DemandOutput(); // before anything is changed
        using ControlClient control = ControlClient.Connect(server, new Deadline(ControlClient.AnswerTimeout));
        StopBegun begun = JsonSerializer.Deserialize(control.Ask(Requests.Stop, new Deadline(ControlClient.AnswerTimeout)), Wire.Readable.StopBegun)!;
        TimeSpan limit = TimeSpan.FromSeconds(begun.LimitSeconds) + Allowance;
        if (control.TryReadLine(new Deadline(limit)) is not { } answer)
            throw new RunFailedException($"{server.Description} did not stop in order{(control.WaitForEnd(new Deadline(ClosedAlready)) ? ": it was ended meanwhile" : Invariant($" within {limit.TotalSeconds:0} s"))}");
        if (!control.WaitForEnd(new Deadline(Allowance)))
            throw new RunFailedException(Invariant($"{server.Description} has closed its connections, but its process has not ended within {Allowance.TotalSeconds:0} s"));

        StopReport report = JsonSerializer.Deserialize(answer, Wire.Readable.StopReport)!;
        Console.Out.WriteLine(json ? answer : $"{server.Description}: {Describe(report)}");
        return ExitCode.Ok;
    }

    private static string Describe(StopReport report) =>
        Invariant($"stopped in {report.Seconds:0.0} s: {Quantity.Of(report.Closed, "connection")} closed, {Quantity.Of(report.BytesOut, "byte")} sent meanwhile")
        + (report.CutOff == 0 ? "" : $"; {Quantity.Of(report.CutOff, "connection")} cut off with unsent bytes ({Quantity.Group(report.UnsentBytes)} in the server), as the time was up");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
