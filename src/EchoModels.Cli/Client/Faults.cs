using System.Net;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>The ways in which one client's connection can fail.</summary>
internal enum Fault
{
    None,

    /// <summary>No process listens on the port (ECONNREFUSED).</summary>
    Refused,

    /// <summary>The handshake did not finish in time.</summary>
    ConnectTimeout,

    /// <summary>The handshake failed in another way: no route, no free port.</summary>
    ConnectFailed,

    /// <summary>This process has no descriptor left for a socket (EMFILE).</summary>
    NoDescriptor,

    /// <summary>Bytes were received before any were sent: a greeting.</summary>
    SendsFirst,

    /// <summary>A received byte differs from the byte sent at its position.</summary>
    Mismatch,

    /// <summary>More bytes were received than were sent.</summary>
    ExtraBytes,

    /// <summary>The server ended the stream before the last echo.</summary>
    ClosedEarly,

    /// <summary>The server reset the connection.</summary>
    Reset,

    /// <summary>No echo arrived in time.</summary>
    Stalled,

    /// <summary>The server did not answer the client's end of stream with its own.</summary>
    NotClosed,
}

/// <summary>The number of failed clients by kind of fault, and the line that reports them.</summary>
internal sealed class Faults(ClientOptions options)
{
    private readonly int[] _counts = new int[Enum.GetValues<Fault>().Length];
    private readonly List<string> _failedAddresses = [];
    private readonly Dictionary<Fault, (long Byte, int Client)> _first = [];

    public int this[Fault kind] => _counts[(int)kind];

    /// <summary>The address that connections are made to; the reports name it.</summary>
    public IPEndPoint Server { get; private set; } = options.Server;

    /// <summary>Clients that received a wrong byte, or too many.</summary>
    public int Mismatches => this[Fault.SendsFirst] + this[Fault.Mismatch] + this[Fault.ExtraBytes];

    /// <summary>Clients that failed in any other way.</summary>
    public int Errors => _counts.Sum() - Mismatches;

    /// <summary>Adds clients that had no connection.</summary>
    public void Add(Fault kind, int clients = 1) => _counts[(int)kind] += clients;

    /// <summary>Adds a client that had a connection.</summary>
    public void Add(Fault kind, LoadConnection client)
    {
        Add(kind);
        _first.TryAdd(kind, (client.Received, client.Slot));
    }

    /// <summary>Goes on to another address of the same host, as no connection was made to the last one.</summary>
    public void TryNext(IPEndPoint next, Fault failure)
    {
        _failedAddresses.Add($"{Server} {Words(failure)}");
        Server = next;
    }

    /// <summary>All kinds of faults with their counts, in one line; null if there are none.</summary>
    public string? Describe()
    {
        List<string> parts = [];
        foreach (Fault kind in Enum.GetValues<Fault>())
        {
            if (this[kind] > 0)
                parts.Add(Describe(kind, this[kind]));
        }

        return parts.Count == 0 ? null : string.Join("; ", parts);
    }

    /// <summary>How an attempt to connect has failed, in words.</summary>
    public static string Words(Fault failure) => failure switch
    {
        Fault.Refused => "refused",
        Fault.ConnectTimeout => "not answered",
        Fault.NoDescriptor => "not opened: out of descriptors",
        _ => "failed: no route, or no free port",
    };

    private static string Limit => DescriptorLimit.Current == int.MaxValue
        ? "the system's limit is reached"
        : Invariant($"the limit is {DescriptorLimit.Current:N0}");

    /// <summary>Where it was connected to; and, with several addresses, how the others have failed.</summary>
    private string At => $"({string.Join("; ", [$"{Server}", .. _failedAddresses])})";

    private string Describe(Fault kind, int count)
    {
        string timeout = Invariant($"{options.Timeout.TotalSeconds:0.###}s");
        string clients = Connections(count);
        return kind switch
        {
            Fault.Refused => $"{clients} refused {At}",
            Fault.ConnectTimeout => $"{clients} not answered within {timeout} {At}",
            Fault.ConnectFailed => $"{clients} failed: no route, or no free port {At}",
            Fault.NoDescriptor => $"{clients} not opened: out of descriptors ({Limit}, see ulimit -n)",
            Fault.SendsFirst => $"the server sends before it is spoken to: not a plain echo ({Server})",
            Fault.Mismatch => $"{clients} got a wrong byte{Difference(kind)}",
            Fault.ExtraBytes => $"{clients} got more bytes than {(count == 1 ? "it" : "they")} sent{Difference(kind)}",
            Fault.ClosedEarly => $"{clients} closed early by the server",
            Fault.Reset => $"{clients} reset by the server",
            Fault.Stalled => $"{clients} stalled for {timeout}",
            _ => $"{clients} not closed by the server within {timeout}",
        };
    }

    /// <summary>So many of the connections, in words.</summary>
    private string Connections(int count) => (count, options.Connections) switch
    {
        (1, 1) => "1 connection",
        _ when count == options.Connections => Invariant($"all {count:N0} connections"),
        _ => Invariant($"{count:N0} of {options.Connections:N0} connections"),
    };

    /// <summary>Where the first wrong byte was received.</summary>
    private string Difference(Fault kind) => _first.TryGetValue(kind, out (long Byte, int Client) first)
        ? Invariant($" (client {first.Client:N0} first): the reply differs from what was sent at byte {first.Byte:N0}: not a plain echo")
        : "";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
