using System.Globalization;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Cli.Serving;

/// <summary>Tells at regular intervals what there was to do, or that there was nothing, and how many sockets are watched.</summary>
internal sealed class Ticker : IDisposable
{
    private readonly TimeSpan _interval;
    private readonly SocketSet _sockets;
    private readonly CallCounters _counters;
    private readonly Narrator _narrator;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;

    public Ticker(TimeSpan interval, SocketSet sockets, CallCounters counters, Narrator narrator)
    {
        _interval = interval;
        _sockets = sockets;
        _counters = counters;
        _narrator = narrator;
        _thread = new Thread(Tick) { Name = "ticker", IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _ended.Set();
        _thread.Join();
        _ended.Dispose();
    }

    private void Tick()
    {
        Traffic before = Traffic.Take(_counters, _sockets);
        while (!_ended.Wait(_interval))
        {
            Traffic now = Traffic.Take(_counters, _sockets);
            _narrator.Information(Describe(now.Since(before)));
            before = now;
        }
    }

    private string Describe(Traffic traffic)
    {
        int connections = _sockets.Count;
        int listeners = _sockets.Listeners.Count;
        int children = _sockets.Children.Count;
        string what = traffic.Bytes.In == 0
            ? "no activity"
            : string.Create(CultureInfo.InvariantCulture, $"{Traffic.MessagesInWords(traffic.Messages, traffic.Own)}, {traffic.Bytes.In} bytes");
        string elsewhere = children == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {children} connected to child processes");
        return string.Create(CultureInfo.InvariantCulture,
            $"{what} in {_interval.TotalSeconds:0.###} s; {connections + listeners} sockets watched: {listeners} listening, {connections} connected{elsewhere}");
    }
}
