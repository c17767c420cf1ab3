using System.Globalization;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;
using EchoModels.Cli.Serving;

namespace EchoModels.Cli.Commands;

/// <summary>A snapshot for people: a name and a value a line.</summary>
internal sealed class StatusText
{
    private const int NameWidth = 14;

    private readonly List<Row> _rows = [];

    private StatusText()
    {
    }

    public static StatusText Of(RunningServer server, StatusReport status)
    {
        StatusText text = new();
        text.Add(0, "server", server.Description);
        text.Add(0, "model", Model(status));
        text.Add(1, "up", Invariant($"{status.UptimeSeconds:N1} s"));
        text.AddTraffic(status);
        text.AddUsage(status);
        if (status.SinceSwitch is { } since && status.Switches.Count > 0)
            text.Add(5, "since switch", Invariant($"{since.Seconds:N1} s, {Quantity.Of(since.OwnReceives, "message")}; {since.Calls}; would-blocks {CallCounts.Word(since.WouldBlocks)}"));
        foreach ((int index, SwitchReport report) in status.Switches.Index())
            text.Add(6 + status.Switches.Count - index, "switched", Invariant($"{report.FromInWords} to {report.ToInWords}, {Quantity.Of(report.Connections, "connection")}, {report.PauseMs:0.0} ms"));

        return text;
    }

    /// <summary>The lines that fit a window.</summary>
    public IReadOnlyList<string> Fit(WindowSize window)
    {
        if (window.Lines == int.MaxValue)
            return [.. _rows.SelectMany(row => row.Lines(int.MaxValue))];

        List<(Row Row, IReadOnlyList<string> Lines)> shown = [.. _rows.Select(row => (row, row.Lines(window.Columns)))];
        Queue<(Row, IReadOnlyList<string>)> leastImportant = new(shown.OrderByDescending(one => one.Row.Unimportance));
        int count = shown.Sum(one => one.Lines.Count);
        int left = 0;
        for (; count + (left > 0 ? 1 : 0) > window.Lines && leastImportant.Count > 1; left++)
        {
            (Row, IReadOnlyList<string> Lines) dropped = leastImportant.Dequeue();
            shown.Remove(dropped);
            count -= dropped.Lines.Count;
        }

        IEnumerable<string> lines = shown.SelectMany(one => one.Lines);
        return [.. left > 0 ? lines.Append($"({Quantity.Of(left, "more value")}: | less, or --json)") : lines];
    }

    private void AddTraffic(StatusReport status)
    {
        CallCounts calls = status.Calls;
        ConnectionCounts connections = status.Connections;
        Add(0, "connections", $"{Quantity.Group(connections.Open)} open, {Quantity.Group(connections.Accepted)} accepted, {Quantity.Group(connections.Closed)} closed, {Quantity.Group(connections.Queued)} queued, {Quantity.Group(connections.Unsent)} with unsent bytes");
        string completed = calls.Enter > 0 ? " (in io-uring: completed requests)" : "";
        Add(0, "traffic", $"{Traffic.MessagesInWords(status.Receives, status.OwnReceives)}{completed}, {Quantity.Of(status.BytesIn, "byte")} in, {Quantity.Of(status.BytesOut, "byte")} out");
        Add(1, "calls", status.Receives is null ? $"{calls}; those of child processes are not known" : $"{calls}");
        Add(3, "would-blocks", CallCounts.Word(status.WouldBlocks));
        if (status.WouldBlocks is null)
            Add(4, "-", "not known: async has served, where the runtime makes such calls itself");
        if (status.Signals > 0)
            Add(2, "signals", $"{Quantity.Group(status.Signals)} collected");
    }

    private void AddUsage(StatusReport status)
    {
        Add(3, "wakeups", Quantity.Group(status.Wakeups));
        Add(2, "threads", Quantity.Group(status.Threads));
        Add(2, "cpu", Invariant($"{status.CpuUserSeconds:N2} s user, {status.CpuSystemSeconds:N2} s system"));
        Add(2, "memory", Invariant($"{status.RssBytes / 1048576.0:N1} MiB resident"));
        if (status.Children is { } children && (children.Count > 0 || children.CpuUserSeconds + children.CpuSystemSeconds > 0))
            Add(2, "children", Invariant($"{Quantity.Of(children.Count, "process", "processes")}, {children.CpuUserSeconds:N2} s user, {children.CpuSystemSeconds:N2} s system, {children.RssBytes / 1048576.0:N1} MiB resident"));
    }

    private void Add(int unimportance, string name, string value) => _rows.Add(new Row(unimportance, name, value));

    /// <summary>The model with its options, and its selector where that is another than its name says.</summary>
    private static string Model(StatusReport status)
    {
        string[] details = [status.Options, status.Selector is null || status.Options.Contains("selector", StringComparison.Ordinal) ? "" : $"selector {status.Selector}"];
        string all = string.Join(", ", details.Where(detail => detail.Length > 0));
        return all.Length == 0 ? status.Model : $"{status.Model} ({all})";
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>One name and its value.</summary>
    /// <param name="Unimportance">0 for what is always shown; the highest is left out first.</param>
    /// <param name="Name">What the value is.</param>
    /// <param name="Value">The value, in one line.</param>
    private sealed record Row(int Unimportance, string Name, string Value)
    {
        public IReadOnlyList<string> Lines(int width) =>
            [.. TextTable.Break(Value, width - NameWidth).Select((piece, index) => (index == 0 ? Name : "").PadRight(NameWidth) + piece)];
    }
}
