using System.Globalization;
using System.Net.Sockets;
using EchoModels.Cli.CommandLine;
using EchoModels.Events;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Sinks.SystemConsole.Themes;

namespace EchoModels.Cli.Serving;

/// <summary>Writes what the server does to stderr, one line each.</summary>
/// <remarks>
/// It subscribes to the events of the server, so a slow terminal, or one stopped by Ctrl+S, delays no client. Lines about single
/// connections are kept for a moment, because those about many are one line; any other line comes after them.
/// </remarks>
internal sealed class Narrator : IDisposable
{
    private const int AlarmInterval = 200;

    /// <summary>How long lines about connections are kept, in milliseconds.</summary>
    private const int Moment = 100;

    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);

    private readonly ServerEvents _events;
    private readonly Logger _log;
    private readonly Subscription _subscription;
    private readonly Alarm _alarm;
    private readonly Lock _gate = new();
    private readonly ConnectionLines _connections;
    private long _reportedDrops;
    private long _lastWarning;
    private long _lastBackoff;
    private long _lastShortage;
    private long _momentEnd;
    private long _handled;
    private bool _hasListened;

    /// <param name="events">What the server does.</param>
    /// <param name="least">The least level that is written.</param>
    /// <param name="namesPorts">Whether lines about connections name the port.</param>
    public Narrator(ServerEvents events, LogEventLevel least, bool namesPorts)
    {
        _events = events;
        _connections = new ConnectionLines(namesPorts);
        _log = new LoggerConfiguration()
            .MinimumLevel.Is(least)
            .WriteTo.Console(
                outputTemplate: "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}",
                formatProvider: CultureInfo.InvariantCulture,
                standardErrorFromLevel: LogEventLevel.Verbose,
                theme: Colour.IsFor(Console.IsErrorRedirected) ? LogTheme.Colours : ConsoleTheme.None)
            .CreateLogger();
        _alarm = new Alarm("narrator alarm", OnAlarm);
        _subscription = events.Subscribe("narrator", Handle);
    }

    public void Information(string text) => _events.Publish(new Remark(LogEventLevel.Information, text));

    public void Warning(string text) => _events.Publish(new Remark(LogEventLevel.Warning, text));

    /// <summary>Writes what is still to be written, unless nothing can be written for a second, and then this line, the last.</summary>
    public void End(string summary)
    {
        if (!IsFlushed())
            return; // the terminal takes nothing

        _alarm.Dispose();
        lock (_gate)
            LogConnections();

        _log.Information("{Summary:l}", summary);
    }

    /// <summary>Writes what is still to be written, unless nothing can be written for a second.</summary>
    public void Dispose()
    {
        _alarm.Dispose();
        if (IsFlushed() && _gate.TryEnter())
            LogConnections(); // the last lines; nothing comes after them

        _log.Dispose();
    }

    /// <summary>Waits until every event is handled, as long as it goes on: on a busy machine, thousands of connections take their time.</summary>
    private bool IsFlushed()
    {
        long before;
        do
        {
            before = Interlocked.Read(ref _handled);
            if (_subscription.End())
                return true;
        }
        while (Interlocked.Read(ref _handled) > before);

        return false;
    }

    private void Handle(ServerEvent happened)
    {
        lock (_gate)
        {
            if (!_connections.IsEmpty && Environment.TickCount64 >= _momentEnd)
                LogConnections();

            bool isFirst = _connections.IsEmpty;
            if (!_connections.TryAdd(happened))
            {
                LogConnections();
                Write(happened);
                SetAlarm();
            }
            else if (isFirst)
            {
                _momentEnd = Environment.TickCount64 + Moment;
                SetAlarm();
            }

            if (happened is ChildStarted)
                EndShortage();
        }

        Interlocked.Increment(ref _handled);
    }

    /// <summary>Only while something is due: an idle server is not woken for nothing.</summary>
    private void SetAlarm()
    {
        if (!_connections.IsEmpty)
            _alarm.Set(Math.Max(1, _momentEnd - Environment.TickCount64));
        else if (_lastWarning != 0)
            _alarm.Set(AlarmInterval);
    }

    private void Write(ServerEvent happened)
    {
        switch (happened)
        {
            case Listening listening: LogListening(listening); break;
            case ChildRefused refused: LogShortage(refused); break;
            case BackingOff { IsKeptWaiting: true } backingOff: LogBackoff(backingOff); break;
            case FellBack fellBack: LogFallback(fellBack); break;
            case Switched switched: LogSwitch(switched); break;
            case ModelFailed failed: LogFailure(failed); break;
            case Draining { Cause: not null } draining: LogDrain(draining); break;
            case Remark remark: LogRemark(remark); break;
        }
    }

    private void LogRemark(Remark remark)
    {
        _log.Write(remark.Level, "{Text:l}", remark.Text);
    }

    private void LogDrain(Draining draining)
    {
        _log.Information("{Cause:l}: stopping; no new clients, unsent bytes have {Limit:0.###} s to go out", draining.Cause, draining.Limit.TotalSeconds);
    }

    private void LogListening(Listening listening)
    {
        _hasListened = true;
        string selector = listening.Selector is null ? "" : $", selector {listening.Selector}";
        foreach (string endPoint in listening.EndPoints.Select(Phrases.ListensOn))
            _log.Information("listening on {EndPoint:l}, model {Model:l}{Selector:l}, process {Process:l}", endPoint, listening.Model, selector, $"{Environment.ProcessId}");
    }

    private void EndShortage()
    {
        if (_lastShortage != 0)
            _log.Information("child processes can be started again");

        _lastShortage = 0;
    }

    private void LogShortage(ChildRefused refused)
    {
        if (_lastShortage != 0 && Environment.TickCount64 - _lastShortage < BetweenWarnings.TotalMilliseconds)
            return;

        _lastShortage = Environment.TickCount64;
        _log.Warning("cannot start a child process: {Error:l}; connections wait, those that have one are served", refused.Error);
    }

    private void LogBackoff(BackingOff backingOff)
    {
        _lastBackoff = Environment.TickCount64;
        if (_lastWarning != 0 && _lastBackoff - _lastWarning < BetweenWarnings.TotalMilliseconds)
            return;

        _lastWarning = _lastBackoff;
        string error = backingOff.Error == SocketError.TooManyOpenSockets ? "no descriptor is free" : backingOff.Error.ToString();
        _log.Warning("cannot accept on {EndPoint}: {Error:l}; clients wait in the backlog, those connected are served", backingOff.Listener, error);
    }

    private void LogFallback(FellBack fellBack) => _log.Warning("{Refusals:l}; {Taken:l} is used instead",
        string.Join("; ", fellBack.Refusals.Select(refusal => $"{refusal.Name} was refused ({refusal.Error})")), fellBack.Taken);

    private void LogSwitch(Switched switched)
    {
        _log.Information("switched from {From:l} to {To:l}: {Connections:l} kept, the pause was {Pause:0.0} ms",
            switched.From, WithSelector(switched.To, switched.Selector), Quantity.Of(switched.Connections, "connection"), switched.PauseMs);
    }

    /// <summary>The model with the selector that it waits in, unless its name or its options tell it.</summary>
    private static string WithSelector(string model, string? selector)
    {
        if (selector is null || model.Split(' ')[0] == selector.Split('-')[0] || model.StartsWith(selector, StringComparison.Ordinal) || model.Contains("selector", StringComparison.Ordinal))
            return model;

        return model.EndsWith(')') ? $"{model[..^1]}, selector {selector})" : $"{model} (selector {selector})";
    }

    private void LogFailure(ModelFailed failed)
    {
        if (failed.BackTo is null && !_hasListened)
            return; // the server's last line will say so

        string what = $"{failed.Model} {(failed.HadServed ? "failed" : "could not start")}: {failed.Error}";
        if (failed.BackTo is null)
            _log.Error("{What:l}; there is no model left to serve", what);
        else
            _log.Warning("{What:l}; {BackTo:l} serves instead", what, failed.BackTo);
    }

    /// <summary>Writes the lines about connections, each with the time of its event.</summary>
    private void LogConnections()
    {
        foreach ((DateTimeOffset at, string text) in _connections.Take())
        {
            if (_log.BindMessageTemplate("{Text:l}", [text], out MessageTemplate? template, out IEnumerable<LogEventProperty>? properties))
                _log.Write(new LogEvent(at, LogEventLevel.Information, null, template, properties));
        }

        long dropped = _subscription?.Dropped ?? 0;
        if (dropped > _reportedDrops)
            _log.Warning("{Dropped:l} not written: the terminal is too slow", Quantity.Of(dropped - _reportedDrops, "line was", "lines were"));

        _reportedDrops = dropped;
    }

    /// <summary>What is due without an event: that accepting goes on again, and how many lines were left out.</summary>
    private void OnAlarm()
    {
        if (!_gate.TryEnter())
        {
            _alarm.Set(AlarmInterval); // an event is being written
            return;
        }

        try
        {
            if (_lastWarning != 0 && Environment.TickCount64 - _lastBackoff > QuietTime.TotalMilliseconds)
            {
                _lastWarning = 0;
                _log.Information("accepting again");
            }

            LogConnections();
            SetAlarm();
        }
        finally
        {
            _gate.Exit();
        }
    }
}

/// <summary>A line of the command line's own, in its place among the events.</summary>
internal sealed record Remark(LogEventLevel Level, string Text) : ServerEvent;
