using System.Globalization;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Serving;

/// <summary>Reports at regular intervals what was received, or that nothing was, and how many sockets are watched.</summary>
internal sealed class Ticker : IDisposable
{
    private readonly TimeSpan _interval;
    private readonly HostServices _services;
    private readonly Narrator _narrator;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;

    public Ticker(TimeSpan interval, HostServices services, Narrator narrator)
    {
        _interval = interval;
        _services = services;
        _narrator = narrator;
        _thread = new Thread(Run) { Name = "ticker", IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _ended.Set();
        _thread.Join();
        _ended.Dispose();
    }

    private void Run()
    {
        Traffic before = Traffic.Take(_services);
        while (!_ended.Wait(_interval))
        {
            Traffic now = Traffic.Take(_services);
            _narrator.Information(Describe(now.Since(before)));
            before = now;
        }
    }

    private string Describe(Traffic traffic)
    {
        int connections = _services.Sockets.Count;
        int listeners = _services.Sockets.Listeners.Count;
        int children = _services.Children.Count;
        string what = traffic.Bytes.In == 0
            ? "no activity"
            : $"{Traffic.MessagesInWords(traffic.Messages, traffic.Own)}, {Quantity.Of(traffic.Bytes.In, "byte")}";
        string elsewhere = children == 0 ? "" : $"; {Quantity.Group(children)} connected to child processes";
        string watched = $"{Quantity.Of(connections + listeners, "socket")} watched: {Quantity.Group(listeners)} listening, {Quantity.Group(connections)} connected";
        return string.Create(CultureInfo.InvariantCulture, $"{what} in {_interval.TotalSeconds:0.###} s; {watched}{elsewhere}");
    }
}
