using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using EchoModels.Kernel;

namespace EchoModels.Cli.Control;

/// <summary>The answer to "status": one snapshot. Times are in the unit that the name says; null is a number that is not known.</summary>
/// <remarks>
/// Bytes include those of child processes. So do receives, which are therefore not known when a child has received anything: the kernel
/// counts its bytes, but not in how many pieces they came. The own ones are the server's, as all calls are.
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
    IReadOnlyList<SwitchReport> Switches)
{
    /// <summary>Where it listens.</summary>
    public IReadOnlyList<string> EndPoints { get; init; } = [];

    /// <summary>The options in force, in words; empty where the model has no choice.</summary>
    public string Options { get; init; } = "";

    /// <summary>What was counted since the last switch.</summary>
    public PeriodCounts? SinceSwitch { get; init; }

    /// <summary>What child processes have used, beside the server itself.</summary>
    public ChildCounts? Children { get; init; }
}

/// <summary>Connections: open now; accepted and closed since the start; waiting to be served; with unsent bytes; with child processes.</summary>
/// <remarks>Owing is the name that Unsent had before, for programs that read it.</remarks>
internal sealed record ConnectionCounts(int Open, long Accepted, long Closed, int Queued, int Owing, int Children)
{
    /// <summary>Connections with unsent bytes.</summary>
    public int Unsent { get; init; }

    /// <summary>How many bytes those are.</summary>
    public long UnsentBytes { get; init; }
}

/// <summary>What the server itself has counted in a period.</summary>
internal sealed record PeriodCounts(
    double Seconds, long OwnReceives, long OwnBytesIn, long OwnBytesOut, CallCounts Calls, long? WouldBlocks, long Signals)
{
    public static PeriodCounts Of(TimeSpan period, CallTotals calls) => new(
        period.TotalSeconds, calls[Counter.Message], calls[Counter.ByteIn], calls[Counter.ByteOut],
        CallCounts.Of(calls), calls.Known(Counter.WouldBlock), calls[Counter.Signal]);
}

/// <summary>Child processes: how many live; processor time of the living and of those that have ended; memory of the living.</summary>
internal sealed record ChildCounts(int Count, double CpuUserSeconds, double CpuSystemSeconds, long RssBytes);

/// <summary>System calls of the serving threads; null where the runtime makes some of the kind itself, at the calls counted by Await.</summary>
internal sealed record CallCounts(
    long? Accept, long Recv, long? Send, long? Wait, long? Control, long Wake, long Enter, long Await)
{
    public static CallCounts Of(CallTotals calls) => new(
        calls.Known(Counter.Accept), calls[Counter.Receive], calls.Known(Counter.Send), calls.Known(Counter.Wait),
        calls.Known(Counter.Control), calls[Counter.Wake], calls[Counter.Enter], calls[Counter.Await]);

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
