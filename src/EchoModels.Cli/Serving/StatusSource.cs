using System.Diagnostics;
using System.Globalization;
using EchoModels.Cli.Control;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Processes;
using EchoModels.Selectors;

namespace EchoModels.Cli.Serving;

/// <summary>Takes the snapshots that <c>status</c> shows, and the summary at the end.</summary>
internal sealed class StatusSource
{
    /// <summary>So many of them are remembered, the last ones: a status is one line of a bounded length.</summary>
    private const int MostSwitches = 1_000;

    private readonly EchoHost _host;
    private readonly SocketSet _sockets;
    private readonly SelectorFactory _selectors;
    private readonly CallCounters _counters;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<SwitchReport> _switches = [];
    private readonly Listener[] _listeners;
    private long _accepted;
    private long _closed;

    public StatusSource(EchoHost host, SocketSet sockets, ModelContext context)
    {
        _host = host;
        _sockets = sockets;
        _selectors = context.Selectors;
        _counters = context.CallCounters;
        _listeners = [.. sockets.Listeners];
        sockets.Accepted += _ => Interlocked.Increment(ref _accepted);
        sockets.Closed += (_, _) => Interlocked.Increment(ref _closed);
        host.Switched += Remember;
        ProcessUsage.Read(); // opens what it reads, while that is possible
    }

    public StatusReport Take()
    {
        ProcessUsage usage = ProcessUsage.Read();
        Traffic traffic = Traffic.Take(_counters, _sockets);
        return new StatusReport(
            _host.Serving.Name,
            _selectors.Current,
            Stopwatch.GetElapsedTime(_start).TotalSeconds,
            CountConnections(),
            traffic.Messages,
            traffic.Own,
            traffic.Bytes.In,
            traffic.Bytes.Out,
            CountCalls(),
            _counters.Known(Counter.WouldBlock),
            _counters[Counter.Signal],
            usage.Wakeups,
            usage.Threads,
            usage.CpuUserSeconds,
            usage.CpuSystemSeconds,
            usage.RssBytes,
            Switches());
    }

    public string Summary()
    {
        Traffic traffic = Traffic.Take(_counters, _sockets);
        string whose = traffic.Messages is null ? "calls of the server itself" : "calls";
        long? wouldBlocks = _counters.Known(Counter.WouldBlock);
        long signals = _counters[Counter.Signal];
        return string.Create(CultureInfo.InvariantCulture, $"served {Interlocked.Read(ref _accepted)} connections, {traffic}; ")
            + $"{whose}: {CountCalls()}; would-blocks {CallCounts.Word(wouldBlocks)}"
            + (signals > 0 ? string.Create(CultureInfo.InvariantCulture, $"; signals {signals}") : "")
            + (wouldBlocks is null ? "; - is not known: the runtime makes such calls itself" : "");
    }

    private CallCounts CountCalls() => new(
        _counters.Known(Counter.Accept), _counters[Counter.Receive], _counters.Known(Counter.Send), _counters.Known(Counter.Wait),
        _counters.Known(Counter.Control), _counters[Counter.Wake], _counters[Counter.Enter], _counters[Counter.Await]);

    private ConnectionCounts CountConnections()
    {
        int owing = 0;
        foreach (Connection connection in _sockets)
            owing += connection.HasUnsent ? 1 : 0;

        return new ConnectionCounts(
            _sockets.Count + _sockets.Children.Count,
            Interlocked.Read(ref _accepted),
            Interlocked.Read(ref _closed),
            Queued(),
            owing,
            _sockets.Children.Count);
    }

    private int Queued()
    {
        try
        {
            return _sockets.Waiting + _listeners.Sum(listener => listener.Queued);
        }
        catch (ObjectDisposedException)
        {
            return 0; // the server is stopping, and listens no more
        }
    }

    private SwitchReport[] Switches()
    {
        lock (_switches)
            return [.. _switches];
    }

    private void Remember(SwitchReport report)
    {
        lock (_switches)
        {
            if (_switches.Count == MostSwitches)
                _switches.RemoveAt(0);

            _switches.Add(report);
        }
    }
}
