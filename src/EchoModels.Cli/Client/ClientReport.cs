using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoModels.Cli.Client;

/// <summary>The latencies of a run, in microseconds; all are null if there was no message.</summary>
internal sealed record LatencyReport(double? P50, double? P90, double? P99, double? P999, double? Max)
{
    /// <summary>Reads a histogram of nanoseconds.</summary>
    public static LatencyReport Of(LatencyHistogram latency) => latency.Count == 0 ? new(null, null, null, null, null) : new(
        Microseconds(latency.Quantile(0.5)),
        Microseconds(latency.Quantile(0.9)),
        Microseconds(latency.Quantile(0.99)),
        Microseconds(latency.Quantile(0.999)),
        Microseconds(latency.Max));

    private static double Microseconds(long nanoseconds) => Math.Round(nanoseconds / 1_000.0, 3);
}

/// <summary>The results of a run; its properties are those of the JSON object.</summary>
internal sealed record ClientReport
{
    /// <summary>The server's model; null unless the server is an echomodels on this machine that reported it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    /// <summary>The address and port that the clients were connected to.</summary>
    public required string Server { get; init; }

    /// <summary>Clients that were connected.</summary>
    public int Connections { get; init; }

    /// <summary>Clients that got at least one answer while messages were sent.</summary>
    public int Served { get; init; }

    /// <summary>Clients that sent messages and waited throughout for an answer.</summary>
    public int Starved { get; init; }

    public double Seconds { get; init; }

    /// <summary>Messages that were answered.</summary>
    public long Messages { get; init; }

    /// <summary>Messages that were not answered; those that were waited for are part of the latencies.</summary>
    public long Unanswered { get; init; }

    /// <summary>Bytes received.</summary>
    public long Bytes { get; init; }

    public double RatePerSecond { get; init; }

    public required LatencyReport LatencyUs { get; init; }

    public int Mismatches { get; init; }

    public int Errors { get; init; }

    /// <summary>Whether a signal ended the run early.</summary>
    public bool Interrupted { get; init; }

    /// <summary>How long the client itself stood still, which no limit includes, but the latencies do.</summary>
    public double StoodStillSeconds { get; init; }

    public static ClientReport Of(LoadRun run) => new()
    {
        Server = $"{run.Faults.Server}",
        Connections = run.Connected,
        Served = run.Served,
        Starved = run.Starved,
        Seconds = Math.Round(run.Seconds, 3),
        Messages = run.Answers.Count,
        Unanswered = run.Answers.Unanswered,
        Bytes = run.Bytes,
        RatePerSecond = run.Seconds > 0 ? Math.Round(run.Answers.Count / run.Seconds, 1) : 0,
        LatencyUs = LatencyReport.Of(run.Answers.Latency),
        Mismatches = run.Faults.Mismatches,
        Errors = run.Faults.Errors,
        Interrupted = run.IsInterrupted,
        StoodStillSeconds = Math.Round(run.SecondsStoodStill, 3),
    };

    /// <summary>The progress of a run, in one line.</summary>
    public static string Progress(LoadRun run, ClientOptions options, long nanoseconds)
    {
        if (nanoseconds == 0)
            return Invariant($"connecting: {run.Connected:N0} of {options.Connections:N0}");

        double seconds = (double)nanoseconds / Clock.Second;
        long failed = run.Faults.Mismatches + run.Faults.Errors;
        long count = run.Answers.Count;
        string line = Invariant($"{seconds,6:0.0} s  {count,12:N0} {(count == 1 ? "message " : "messages")}  {count / seconds,10:N0}/s");
        if (LatencyReport.Of(run.Answers.Latency).P50 is { } median)
            line += Invariant($"  p50 {median:N1} us");

        return failed == 0 ? line : line + Invariant($"  {failed:N0} failed");
    }

    /// <summary>How many of the clients waited throughout, in words; null if none.</summary>
    public string? DescribeStarvation() =>
        Starved == 0 ? null : Invariant($"served {Served:N0} of {Connections:N0}; {Starved:N0} waited throughout");

    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.ClientReport);

    public string ToTable()
    {
        List<string> rows = [];
        if (Interrupted)
            rows.Add("interrupted: these are the results until then");
        if (StoodStillSeconds > 0)
            rows.Add(Invariant($"this client itself stood still for {StoodStillSeconds:N1} s, which the latencies include"));
        if (Model is not null)
            rows.Add(Row("model", Model));
        rows.Add(Row("server", Server));
        rows.Add(Row("connections", Invariant($"{Connections:N0}")));
        if (DescribeStarvation() is { } starvation)
            rows.Add(starvation);
        rows.Add(Row("messages", Invariant($"{Messages:N0}")));
        if (Unanswered > 0)
            rows.Add(Row("unanswered", Invariant($"{Unanswered:N0}")));
        rows.Add(Row("bytes", Invariant($"{Bytes:N0}")));
        rows.Add(Row("time", Invariant($"{Seconds:N3}"), "s"));
        rows.Add(Row("rate", Invariant($"{RatePerSecond:N0}"), "messages/s"));
        AddLatency(rows, "p50", LatencyUs.P50);
        AddLatency(rows, "p90", LatencyUs.P90);
        AddLatency(rows, "p99", LatencyUs.P99);
        AddLatency(rows, "p99.9", LatencyUs.P999);
        AddLatency(rows, "max", LatencyUs.Max);
        rows.Add(Row("mismatches", Invariant($"{Mismatches:N0}")));
        rows.Add(Row("errors", Invariant($"{Errors:N0}")));
        return string.Join(Environment.NewLine, rows);
    }

    private static void AddLatency(List<string> rows, string name, double? microseconds)
    {
        if (microseconds is { } value)
            rows.Add(Row($"latency {name}", Invariant($"{value:N1}"), "us"));
    }

    private static string Row(string name, string value, string unit = "") => $"{name,-14}{value,14} {unit}".TrimEnd();

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

/// <summary>The serializer, generated at build time: writing one object needs no reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ClientReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
