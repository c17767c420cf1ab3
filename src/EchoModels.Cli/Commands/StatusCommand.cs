using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;
using EchoModels.Cli.Serving;

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
        Option<int> port = CommonOptions.Port();
        Option<bool> json = CommonOptions.Json();
        Verb command = new("status", "show a running server's model and counters", Examples) { port, json };
        command.SetAction(parsed => Run(parsed.GetValue(port), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int port, bool json)
    {
        string answer = ControlClient.Ask(port, "status");
        if (json)
            Console.Out.WriteLine(answer.TrimEnd());
        else
            Print(JsonSerializer.Deserialize(answer, Wire.Readable.StatusReport)!);

        return ExitCode.Ok;
    }

    private static void Print(StatusReport status)
    {
        CallCounts calls = status.Calls;
        ConnectionCounts connections = status.Connections;
        Line("model", status.Selector is null ? status.Model : $"{status.Model} (selector {status.Selector})");
        Line("up", $"{status.UptimeSeconds:0.0} s");
        Line("connections", $"{connections.Open} open, {connections.Accepted} accepted, {connections.Closed} closed, {connections.Queued} queued, {connections.Owing} owing");
        if (connections.Children > 0)
            Line("children", $"{connections.Children} processes with a connection each");
        string completed = calls.Enter > 0 ? " (in io-uring: completed requests)" : "";
        Line("traffic", $"{Traffic.MessagesInWords(status.Receives, status.OwnReceives)}{completed}, {status.BytesIn} bytes in, {status.BytesOut} bytes out");
        Line("calls", status.Receives is null ? $"{calls}; those of child processes are not known" : $"{calls}");
        Line("would-blocks", CallCounts.Word(status.WouldBlocks));
        if (status.WouldBlocks is null)
            Line("-", "not known: async has served, where the runtime makes such calls itself");
        if (status.Signals > 0)
            Line("signals", $"{status.Signals} collected");
        Line("wakeups", $"{status.Wakeups}");
        Line("threads", $"{status.Threads}");
        Line("cpu", $"{status.CpuUserSeconds:0.00} s user, {status.CpuSystemSeconds:0.00} s system");
        Line("memory", $"{status.RssBytes / 1048576.0:0.0} MiB resident");
        foreach (SwitchReport report in status.Switches)
            Line("switched", $"{report.From} to {report.To}, {report.Connections} connections, {report.PauseMs:0.0} ms");
    }

    private static void Line(string name, FormattableString value) =>
        Console.Out.WriteLine($"{name,-13} {value.ToString(CultureInfo.InvariantCulture)}");

    private static void Line(string name, string value) => Line(name, (FormattableString)$"{value}");
}
