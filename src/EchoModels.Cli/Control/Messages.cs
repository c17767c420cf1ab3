using System.Text.Json;
using System.Text.Json.Serialization;
using EchoModels.Cli.Checks;
using EchoModels.Cli.CommandLine;
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
    long? Wakeups,
    int Threads,
    double CpuUserSeconds,
    double CpuSystemSeconds,
    long RssBytes,
    IReadOnlyList<SwitchReport> Switches)
{
    /// <summary>The server's process.</summary>
    public int ProcessId { get; init; }

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
    public override string ToString() =>
        $"accept {Word(Accept)}, recv {Word(Recv)}, send {Word(Send)}, wait {Word(Wait)}, control {Word(Control)}, wake {Word(Wake)}, enter {Word(Enter)}"
        + (Await > 0 ? $", await {Word(Await)}" : "");

    public static string Word(long? count) => Quantity.Group(count);
}

/// <summary>The answer to "switch": the switch that was made, and the server that made it.</summary>
internal sealed record SwitchAnswer(
    string From, string To, double PauseMs, int Connections, string FromOptions, string ToOptions, int ProcessId, IReadOnlyList<string> EndPoints)
{
    public static SwitchAnswer Of(SwitchReport report, ServerIdentity server) => new(
        report.From, report.To, report.PauseMs, report.Connections, report.FromOptions, report.ToOptions, server.ProcessId, server.EndPoints);
}

/// <summary>The answer to "identify": the server's process, where it listens, and its model.</summary>
internal sealed record ServerIdentity(int ProcessId, IReadOnlyList<string> EndPoints, string Model);

/// <summary>The first answer to "stop": the server is stopping, and unsent bytes have so many seconds to go out.</summary>
internal sealed record StopBegun(int ProcessId, double LimitSeconds);

/// <summary>The second answer to "stop", when every connection is closed: the end of the connection that it comes over is the end of the server.</summary>
/// <param name="Seconds">How long it took.</param>
/// <param name="Closed">Connections that were closed meanwhile.</param>
/// <param name="BytesOut">Bytes sent meanwhile.</param>
/// <param name="CutOff">Those of the connections that were closed with unsent bytes, as the time was up.</param>
/// <param name="UnsentBytes">Those bytes, as far as the server had them; not those of child processes.</param>
internal sealed record StopReport(double Seconds, long Closed, long BytesOut, int CutOff, long UnsentBytes);

/// <summary>The answer when something was refused.</summary>
internal sealed record Refusal(string Error);

/// <summary>One line of <c>models --json</c>.</summary>
internal sealed record ModelLine(string Name, string Summary, string WaitsIn, string Threads, bool Available, string? Reason);

/// <summary>How these are written: camelCase, on one line.</summary>
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(SwitchReport))]
[JsonSerializable(typeof(SwitchAnswer))]
[JsonSerializable(typeof(ServerIdentity))]
[JsonSerializable(typeof(StopBegun))]
[JsonSerializable(typeof(StopReport))]
[JsonSerializable(typeof(CheckLine[]))]
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
