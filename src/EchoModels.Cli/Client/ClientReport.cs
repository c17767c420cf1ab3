using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoModels.Cli.Client;

/// <summary>The latencies of a run, in microseconds.</summary>
internal sealed record LatencyReport(double P50, double P90, double P99, double P999, double Max);

/// <summary>The results of a run; its properties are those of the JSON object.</summary>
internal sealed record ClientReport
{
    /// <summary>The server's model; null unless the server is an echomodels on this machine that reported it.</summary>
    public string? Model { get; init; }

    public int Connections { get; init; }

    public double Seconds { get; init; }

    public long Messages { get; init; }

    public long Bytes { get; init; }

    public double RatePerSecond { get; init; }

    public required LatencyReport LatencyUs { get; init; }

    public int Mismatches { get; init; }

    public int Errors { get; init; }

    public static ClientReport Of(LoadRun run) => new()
    {
        Connections = run.Connected,
        Seconds = Math.Round(run.Seconds, 3),
        Messages = run.Latency.Count,
        Bytes = run.Bytes,
        RatePerSecond = run.Seconds > 0 ? Math.Round(run.Latency.Count / run.Seconds, 1) : 0,
        LatencyUs = new LatencyReport(
            Microseconds(run.Latency.Quantile(0.5)),
            Microseconds(run.Latency.Quantile(0.9)),
            Microseconds(run.Latency.Quantile(0.99)),
            Microseconds(run.Latency.Quantile(0.999)),
            Microseconds(run.Latency.Max)),
        Mismatches = run.Faults.Mismatches,
        Errors = run.Faults.Errors,
    };

    /// <summary>The progress of a run, in one line.</summary>
    public static string Progress(LoadRun run, ClientOptions options, long nanoseconds)
    {
        if (nanoseconds == 0)
            return Invariant($"connecting: {run.Connected} of {options.Connections}");

        double seconds = (double)nanoseconds / Clock.Second;
        long failed = run.Faults.Mismatches + run.Faults.Errors;
        string line = Invariant($"{seconds,6:0.0} s  {run.Latency.Count,12:N0} messages  {run.Latency.Count / seconds,10:N0}/s");
        string latency = Invariant($"  p50 {Microseconds(run.Latency.Quantile(0.5)):0.0} us");
        return failed == 0 ? line + latency : line + latency + Invariant($"  {failed} failed");
    }

    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.ClientReport);

    public string ToTable() => string.Join(Environment.NewLine,
    [
        .. Model is null ? Array.Empty<string>() : [Row("model", Model, "")],
        Row("connections", Invariant($"{Connections:N0}"), ""),
        Row("messages", Invariant($"{Messages:N0}"), ""),
        Row("bytes", Invariant($"{Bytes:N0}"), ""),
        Row("time", Invariant($"{Seconds:N3}"), "s"),
        Row("rate", Invariant($"{RatePerSecond:N0}"), "messages/s"),
        Row("latency p50", Invariant($"{LatencyUs.P50:N1}"), "us"),
        Row("latency p90", Invariant($"{LatencyUs.P90:N1}"), "us"),
        Row("latency p99", Invariant($"{LatencyUs.P99:N1}"), "us"),
        Row("latency p99.9", Invariant($"{LatencyUs.P999:N1}"), "us"),
        Row("latency max", Invariant($"{LatencyUs.Max:N1}"), "us"),
        Row("mismatches", Invariant($"{Mismatches:N0}"), ""),
        Row("errors", Invariant($"{Errors:N0}"), ""),
    ]);

    private static string Row(string name, string value, string unit) => $"{name,-14}{value,14} {unit}".TrimEnd();

    private static double Microseconds(long nanoseconds) => Math.Round(nanoseconds / 1_000.0, 3);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

/// <summary>The serializer, generated at build time: writing one object needs no reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ClientReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
