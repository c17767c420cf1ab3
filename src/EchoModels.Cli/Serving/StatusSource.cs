using System.Diagnostics;
using System.Globalization;
using EchoModels.Cli.Control;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Processes;

namespace EchoModels.Cli.Serving;

/// <summary>Takes the snapshots that <c>status</c> shows, and the summary at the end.</summary>
internal sealed class StatusSource
{
    private readonly EchoHost _host;
    private readonly HostServices _services;
    private readonly long _start = Stopwatch.GetTimestamp();

    public StatusSource(EchoHost host, HostServices services)
    {
        _host = host;
        _services = services;
        ProcessUsage.Read(); // opens what it reads, while that is possible
    }

    public StatusReport Take()
    {
        ProcessUsage usage = ProcessUsage.Read();
        CallTotals calls = _services.Counters.Read();
        Traffic traffic = Traffic.Of(calls, _services.Children.Traffic.Total);
        ChildUsage children = _services.Children.ReadUsage();
        return new StatusReport(
            _host.Serving.Name,
            _services.Selectors.Current,
            Stopwatch.GetElapsedTime(_start).TotalSeconds,
            CountConnections(),
            traffic.Messages,
            traffic.Own,
            traffic.Bytes.In,
            traffic.Bytes.Out,
            CallCounts.Of(calls),
            calls.Known(Counter.WouldBlock),
            calls[Counter.Signal],
            usage.Wakeups,
            usage.Threads,
            usage.CpuUserSeconds,
            usage.CpuSystemSeconds,
            usage.RssBytes,
            _host.Switches)
        {
            EndPoints = [.. _services.Sockets.Listeners.Select(listener => $"{listener.EndPoint}")],
            Options = _host.Options.Describe(_host.Serving),
            SinceSwitch = PeriodCounts.Of(_host.SinceSwitch, _host.TotalsSinceSwitch),
            Children = new ChildCounts(children.Count, children.CpuUserSeconds, children.CpuSystemSeconds, children.RssBytes),
        };
    }

    public string Summary()
    {
        CallTotals calls = _services.Counters.Read();
        Traffic traffic = Traffic.Of(calls, _services.Children.Traffic.Total);
        string whose = traffic.Messages is null ? "calls of the server itself" : "calls";
        long? wouldBlocks = calls.Known(Counter.WouldBlock);
        long signals = calls[Counter.Signal];
        return string.Create(CultureInfo.InvariantCulture, $"served {_services.Sockets.AcceptedCount} connections, {traffic}; ")
            + $"{whose}: {CallCounts.Of(calls)}; would-blocks {CallCounts.Word(wouldBlocks)}"
            + (signals > 0 ? string.Create(CultureInfo.InvariantCulture, $"; signals {signals}") : "")
            + (wouldBlocks is null ? "; - is not known: the runtime makes such calls itself" : "");
    }

    private ConnectionCounts CountConnections()
    {
        SocketSet sockets = _services.Sockets;
        int unsent = 0;
        long unsentBytes = 0;
        foreach (Connection connection in sockets)
        {
            unsent += connection.HasUnsent ? 1 : 0;
            unsentBytes += connection.Unsent.Length;
        }

        int queued = sockets.Waiting + sockets.Listeners.Sum(listener => sockets.Kernel.BacklogLength(listener.Socket));
        return new ConnectionCounts(
            sockets.Count + sockets.DetachedCount, sockets.AcceptedCount, sockets.ClosedCount, queued, unsent, sockets.DetachedCount)
        {
            Unsent = unsent,
            UnsentBytes = unsentBytes,
        };
    }
}
