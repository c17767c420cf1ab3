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
    private string _firstMismatch = "";

    public int this[Fault kind] => _counts[(int)kind];

    /// <summary>Clients that received a wrong byte, or too many.</summary>
    public int Mismatches => this[Fault.Mismatch] + this[Fault.ExtraBytes];

    /// <summary>Clients that failed in any other way.</summary>
    public int Errors => _counts.Sum() - Mismatches;

    /// <summary>Adds clients that had no connection.</summary>
    public void Add(Fault kind, int clients = 1) => _counts[(int)kind] += clients;

    /// <summary>Adds a client that had a connection.</summary>
    public void Add(Fault kind, LoadConnection client)
    {
        Add(kind);
        if (Mismatches == 1 && kind is Fault.Mismatch or Fault.ExtraBytes && _firstMismatch.Length == 0)
            _firstMismatch = FormattableString.Invariant($"first at byte {client.Received} of client {client.Slot}");
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

        if (parts.Count == 0)
            return null;

        string all = string.Join("; ", parts);
        return _firstMismatch.Length == 0 ? all : $"{all} ({_firstMismatch})";
    }

    private static string Limit => DescriptorLimit.Current == int.MaxValue
        ? "the system's limit is reached"
        : FormattableString.Invariant($"the limit is {DescriptorLimit.Current}");

    private string Describe(Fault kind, int count)
    {
        string clients = count == options.Connections && count > 1
            ? FormattableString.Invariant($"all {count} connections")
            : FormattableString.Invariant($"{count} of {options.Connections} connections");
        string timeout = FormattableString.Invariant($"{options.Timeout.TotalSeconds:0.###}s");
        return kind switch
        {
            Fault.Refused => $"{clients} refused ({options.Server})",
            Fault.ConnectTimeout => $"{clients} not answered within {timeout} ({options.Server})",
            Fault.ConnectFailed => $"{clients} failed: no route, or no free port ({options.Server})",
            Fault.NoDescriptor => $"{clients} not opened: out of descriptors ({Limit}, see ulimit -n)",
            Fault.Mismatch => $"{clients} got a wrong byte",
            Fault.ExtraBytes => $"{clients} got more bytes than they sent",
            Fault.ClosedEarly => $"{clients} closed early by the server",
            Fault.Reset => $"{clients} reset by the server",
            Fault.Stalled => $"{clients} stalled for {timeout}",
            _ => $"{clients} not closed by the server within {timeout}",
        };
    }
}
