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
        Line("model", Model(status));
        Line("up", $"{status.UptimeSeconds:0.0} s");
        Line("connections", $"{connections.Open} open, {connections.Accepted} accepted, {connections.Closed} closed, {connections.Queued} queued, {connections.Unsent} with unsent bytes");
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
        if (status.Children is { } children && (children.Count > 0 || children.CpuUserSeconds + children.CpuSystemSeconds > 0))
            Line("children", $"{children.Count} processes, {children.CpuUserSeconds:0.00} s user, {children.CpuSystemSeconds:0.00} s system, {children.RssBytes / 1048576.0:0.0} MiB resident");
        if (status.SinceSwitch is { } since && status.Switches.Count > 0)
            Line("since switch", $"{since.Seconds:0.0} s, {since.OwnReceives} messages; {since.Calls}; would-blocks {CallCounts.Word(since.WouldBlocks)}");
        foreach (SwitchReport report in status.Switches)
            Line("switched", $"{report.FromInWords} to {report.ToInWords}, {report.Connections} connections, {report.PauseMs:0.0} ms");
    }

    /// <summary>The model with its options, and its selector where that is another than its name says.</summary>
    private static string Model(StatusReport status)
    {
        string[] details = [status.Options, status.Selector is null || status.Options.Contains("selector", StringComparison.Ordinal) ? "" : $"selector {status.Selector}"];
        string all = string.Join(", ", details.Where(detail => detail.Length > 0));
        return all.Length == 0 ? status.Model : $"{status.Model} ({all})";
    }

    private static void Line(string name, FormattableString value) =>
        Console.Out.WriteLine($"{name,-13} {value.ToString(CultureInfo.InvariantCulture)}");

    private static void Line(string name, string value) => Line(name, (FormattableString)$"{value}");
}
