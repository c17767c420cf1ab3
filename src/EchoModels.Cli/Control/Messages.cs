using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoModels.Cli.Control;

/// <summary>The answer to "status": one snapshot. Times are in the unit that the name says; calls are this program's own.</summary>
/// <remarks>
/// Bytes are those of everybody. Receives too, and so they are null when child processes have received anything: the kernel
/// counts their bytes, but not in how many pieces they came. Those of this program are the own ones.
/// </remarks>
internal sealed record StatusReport(
    string Model,
    string? Selector,
    double UptimeSeconds,
    ConnectionCounts Connections,
    long? Receives,
    long OwnReceives,
    long BytesIn,
    long BytesOut,
    CallCounts Calls,
    long WouldBlocks,
    long Wakeups,
    int Threads,
    double CpuUserSeconds,
    double CpuSystemSeconds,
    long RssBytes,
    IReadOnlyList<SwitchReport> Switches);

/// <summary>Connections: open now; accepted and closed since the start; waiting to be served; owed bytes; with child processes.</summary>
internal sealed record ConnectionCounts(int Open, long Accepted, long Closed, int Queued, int Owing, int Children);

/// <summary>System calls of the serving threads, by kind.</summary>
internal sealed record CallCounts(long Accept, long Recv, long Send, long Wait, long Control, long Wake, long Enter);

/// <summary>The answer when something was refused.</summary>
internal sealed record Refusal(string Error);

/// <summary>One line of <c>models --json</c>.</summary>
internal sealed record ModelLine(string Name, string Summary, string WaitsIn, string Threads, bool Available, string? Reason);

/// <summary>How these are written: camelCase, on one line.</summary>
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(SwitchReport))]
[JsonSerializable(typeof(Refusal))]
[JsonSerializable(typeof(IReadOnlyList<ModelLine>))]
internal sealed partial class Wire : JsonSerializerContext
{
    /// <summary>With names and addresses left readable: the text goes to terminals and programs, never into a web page.</summary>
    public static Wire Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
