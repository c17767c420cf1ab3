using EchoModels.Cli.CommandLine;
using EchoModels.Events;

namespace EchoModels.Cli.Serving;

/// <summary>The lines about single connections: what happens to more than <see cref="MaxLines"/> of them in a moment is one line.</summary>
/// <param name="namesPorts">Whether a line names the port: a server with one port need not.</param>
internal sealed class ConnectionLines(bool namesPorts)
{
    /// <summary>The most lines about the same thing in a moment.</summary>
    private const int MaxLines = 5;

    private readonly List<ServerEvent> _events = [];

    /// <summary>Whether there are events that have no line yet.</summary>
    public bool IsEmpty => _events.Count == 0;

    /// <summary>Keeps an event until the moment is over.</summary>
    /// <returns>False if it is not about a single connection.</returns>
    public bool TryAdd(ServerEvent happened)
    {
        if (happened is not (ConnectionAccepted or ConnectionClosed or ChildStarted))
            return false;

        _events.Add(happened);
        return true;
    }

    /// <summary>The lines about all that was kept, in the order in which it happened; a line about many comes with the last of them.</summary>
    public IEnumerable<(DateTimeOffset At, string Text)> Take()
    {
        ConnectionAccepted[] accepted = [.. _events.OfType<ConnectionAccepted>()];
        ConnectionClosed[] closed = [.. _events.OfType<ConnectionClosed>()];
        ChildStarted[] started = [.. _events.OfType<ChildStarted>()];
        ServerEvent[] all = [.. _events];
        _events.Clear();
        foreach (ServerEvent happened in all)
        {
            string? text = happened switch
            {
                ConnectionAccepted one => accepted.Length <= MaxLines ? Describe(one) : ReferenceEquals(one, accepted[^1]) ? Summarize(accepted) : null,
                ConnectionClosed one => closed.Length <= MaxLines ? Describe(one) : ReferenceEquals(one, closed[^1]) ? Summarize(closed) : null,
                ChildStarted one => started.Length <= MaxLines ? Describe(one) : ReferenceEquals(one, started[^1]) ? Summarize(started) : null,
                _ => null,
            };
            if (text is not null)
                yield return (happened.At, text);
        }
    }

    private string Describe(ConnectionAccepted accepted) =>
        $"accepted {Phrases.Peer(accepted.Peer)}{(namesPorts && accepted.Listener is { } listener ? $" on port {listener.Port}" : "")}";

    private static string Describe(ChildStarted child) => $"child process {child.Process} serves {Phrases.Peer(child.Peer)}";

    private static string Describe(ConnectionClosed closed)
    {
        string what = $"closed {Phrases.Peer(closed.Peer)}: {Phrases.Reason(closed.Reason)}, after ";
        return closed.Child is { } child
            ? $"{what}{Quantity.Of(closed.BytesIn, "byte")} in, {Quantity.Of(child.BytesOut, "byte")} out; its child process {child.Process} {Phrases.Ending(child.ExitCode)}"
            : $"{what}{Quantity.Of(closed.Messages ?? 0, "message")}, {Quantity.Of(closed.BytesIn, "byte")}";
    }

    private string Summarize(ConnectionAccepted[] accepted)
    {
        string ports = string.Join(", ", accepted.Where(one => one.Listener is not null).GroupBy(one => one.Listener!.Port).OrderBy(port => port.Key)
            .Select(port => $"{Quantity.Group(port.Count())} on port {port.Key}"));
        return $"accepted {Quantity.Of(accepted.Length, "connection")}{(namesPorts ? $": {ports}" : "")}";
    }

    private static string Summarize(ChildStarted[] started) => $"started {Quantity.Of(started.Length, "child process", "child processes")}, one a connection";

    private static string Summarize(ConnectionClosed[] closed)
    {
        string reasons = string.Join(", ", closed.GroupBy(one => one.Reason).OrderByDescending(reason => reason.Count())
            .Select(reason => $"{Quantity.Group(reason.Count())} {Phrases.Reason(reason.Key)}"));
        long? messages = closed.Any(one => one.Child is not null) ? null : closed.Sum(one => one.Messages);
        return $"closed {Quantity.Of(closed.Length, "connection")}: {reasons}, after "
            + (messages is { } count ? $"{Quantity.Of(count, "message")}, " : "") + Quantity.Of(closed.Sum(one => one.BytesIn), "byte");
    }
}
