using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoModels.Cli.Control;

/// <summary>The answer to "status": one snapshot. Times are in the unit that the name says; null is a number that is not known.</summary>
/// <remarks>
/// Bytes are those of everybody. Receives too, and so they are not known when child processes have received anything: the kernel
/// counts their bytes, but not in how many pieces they came. The own ones are this program's, as all calls are.
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
    long? WouldBlocks,
    long Signals,
    long Wakeups,
    int Threads,
    double CpuUserSeconds,
    double CpuSystemSeconds,
    long RssBytes,
    IReadOnlyList<SwitchReport> Switches);

/// <summary>Connections: open now; accepted and closed since the start; waiting to be served; owed bytes; with child processes.</summary>
internal sealed record ConnectionCounts(int Open, long Accepted, long Closed, int Queued, int Owing, int Children);

/// <summary>System calls of the serving threads; null where the runtime makes some of the kind, which are asked for by Await.</summary>
internal sealed record CallCounts(
    long? Accept, long Recv, long? Send, long? Wait, long? Control, long Wake, long Enter, long Await)
{
    /// <summary>For people: - for what is not known.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"accept {Word(Accept)}, recv {Recv}, send {Word(Send)}, wait {Word(Wait)}, control {Word(Control)}, wake {Wake}, enter {Enter}")
        + (Await > 0 ? string.Create(CultureInfo.InvariantCulture, $", await {Await}") : "");

    public static string Word(long? count) => count?.ToString(CultureInfo.InvariantCulture) ?? "-";
}

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
