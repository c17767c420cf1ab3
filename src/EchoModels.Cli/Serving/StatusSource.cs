using System.Diagnostics;
using System.Globalization;
using EchoModels.Cli.Control;
using EchoModels.Metering;
using EchoModels.Selectors;
using EchoModels.Sockets;

namespace EchoModels.Cli.Serving;

/// <summary>Takes the snapshots that <c>status</c> shows, and the summary at the end.</summary>
internal sealed class StatusSource
{
    /// <summary>So many of them are remembered, the last ones: a status is one line of a bounded length.</summary>
    private const int MostSwitches = 1_000;

    private readonly EchoHost _host;
    private readonly SocketSet _sockets;
    private readonly SelectorChoice _selectors;
    private readonly Tally _tally;
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
        _tally = context.Tally;
        _listeners = [.. sockets.Listeners];
        sockets.Accepted += _ => Interlocked.Increment(ref _accepted);
        sockets.Closed += (_, _) => Interlocked.Increment(ref _closed);
        host.Switched += Remember;
        ProcessUsage.Read(); // opens what it reads, while that is possible
    }

    public StatusReport Take()
    {
        ProcessUsage usage = ProcessUsage.Read();
        Traffic traffic = Traffic.Take(_tally, _sockets);
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
            _tally.Known(Counted.WouldBlock),
            _tally[Counted.Signal],
            usage.Wakeups,
            usage.Threads,
            usage.CpuUserSeconds,
            usage.CpuSystemSeconds,
            usage.RssBytes,
            Switches());
    }

    public string Summary()
    {
        Traffic traffic = Traffic.Take(_tally, _sockets);
        string whose = traffic.Messages is null ? "calls of the server itself" : "calls";
        long? wouldBlocks = _tally.Known(Counted.WouldBlock);
        long signals = _tally[Counted.Signal];
        return string.Create(CultureInfo.InvariantCulture, $"served {Interlocked.Read(ref _accepted)} connections, {traffic}; ")
            + $"{whose}: {CountCalls()}; would-blocks {CallCounts.Word(wouldBlocks)}"
            + (signals > 0 ? string.Create(CultureInfo.InvariantCulture, $"; signals {signals}") : "")
            + (wouldBlocks is null ? "; - is not known: the runtime makes such calls itself" : "");
    }

    private CallCounts CountCalls() => new(
        _tally.Known(Counted.Accept), _tally[Counted.Receive], _tally.Known(Counted.Send), _tally.Known(Counted.Wait),
        _tally.Known(Counted.Control), _tally[Counted.Wake], _tally[Counted.Enter], _tally[Counted.Await]);

    private ConnectionCounts CountConnections()
    {
        int owing = 0;
        foreach (Connection connection in _sockets)
            owing += connection.Owes ? 1 : 0;

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
