using System.Globalization;
using System.Net.Sockets;
using EchoModels.Events;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Sinks.SystemConsole.Themes;

namespace EchoModels.Cli.Serving;

/// <summary>Writes what the server does to stderr, one line each.</summary>
/// <remarks>
/// It subscribes to the events of the server, so a slow terminal, or one stopped by Ctrl+S, delays no client. Lines about single
/// connections beyond <see cref="MaxLinesPerSecond"/> are counted instead of written: they could not be read anyway.
/// </remarks>
internal sealed class Narrator : IDisposable
{
    private const int MaxLinesPerSecond = 50;
    private const int TimerInterval = 200;
    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);

    private readonly ServerEvents _events;
    private readonly Logger _log;
    private readonly Subscription _subscription;
    private readonly Timer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _leftOut = [];
    private long _reportedDrops;
    private long _second;
    private int _lines;
    private long _lastWarning;
    private long _lastBackoff;
    private long _lastShortage;
    private bool _hasListened;

    public Narrator(ServerEvents events, LogEventLevel least)
    {
        bool plain = Console.IsErrorRedirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 }
            || Environment.GetEnvironmentVariable("TERM") == "dumb";
        _events = events;
        _log = new LoggerConfiguration()
            .MinimumLevel.Is(least)
            .WriteTo.Console(
                outputTemplate: "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}",
                formatProvider: CultureInfo.InvariantCulture,
                standardErrorFromLevel: LogEventLevel.Verbose,
                theme: plain ? ConsoleTheme.None : AnsiConsoleTheme.Literate)
            .CreateLogger();
        _subscription = events.Subscribe("narrator", Handle);
        _timer = new Timer(_ => OnTimer());
    }

    public void Information(string text) => _events.Publish(new Remark(LogEventLevel.Information, text));

    public void Warning(string text) => _events.Publish(new Remark(LogEventLevel.Warning, text));

    /// <summary>Writes what is still to be written, for a second at the most, and then this line, the last.</summary>
    public void End(string summary)
    {
        if (!_subscription.End())
            return; // the terminal takes nothing

        _timer.Dispose();
        LogLeftOut();
        _log.Information("{Summary:l}", summary);
    }

    /// <summary>Writes what is still to be written, for a second at the most.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        _subscription.Dispose();
        _log.Dispose();
    }

    private void Handle(ServerEvent happened)
    {
        lock (_gate)
        {
            if (Environment.TickCount64 / 1000 != _second)
                LogLeftOut();

            Write(happened);
            SetTimer();
        }
    }

    /// <summary>Only while something is due: an idle server is not woken for nothing.</summary>
    private void SetTimer()
    {
        if (_leftOut.Count > 0 || _lastWarning != 0)
            _timer.Change(TimerInterval, Timeout.Infinite);
    }

    private void Write(ServerEvent happened)
    {
        switch (happened)
        {
            case Listening listening: LogListening(listening); break;
            case ConnectionAccepted accepted: LogConnection("accepted", "accepted {Peer:l}", Phrases.Peer(accepted.Peer)); break;
            case ConnectionClosed closed: LogClosed(closed); break;
            case ChildStarted child: LogChildStarted(child); break;
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
        LogLeftOut(); // what came before it is written first
        _log.Write(remark.Level, "{Text:l}", remark.Text);
    }

    private void LogDrain(Draining draining)
    {
        LogLeftOut();
        _log.Information("{Cause:l}: stopping; no new clients, unsent bytes have {Limit:0.###} s to go out", draining.Cause, draining.Limit.TotalSeconds);
    }

    private void LogListening(Listening listening)
    {
        _hasListened = true;
        foreach (string endPoint in listening.EndPoints.Select(Phrases.ListensOn))
        {
            if (listening.Selector is null)
                _log.Information("listening on {EndPoint:l}, model {Model:l}", endPoint, listening.Model);
            else
                _log.Information("listening on {EndPoint:l}, model {Model:l}, selector {Selector:l}", endPoint, listening.Model, listening.Selector);
        }
    }

    private void LogChildStarted(ChildStarted child)
    {
        if (_lastShortage != 0)
            _log.Information("child processes can be started again");

        _lastShortage = 0;
        LogConnection("child processes", "child process {Child} serves {Peer:l}", child.Process, Phrases.Peer(child.Peer));
    }

    private void LogClosed(ConnectionClosed closed)
    {
        (string peer, string reason) = (Phrases.Peer(closed.Peer), Phrases.Reason(closed.Reason));
        if (closed.Child is { } child)
        {
            LogConnection("closed", "closed {Peer:l}: {Reason:l}, after {BytesIn} bytes in, {BytesOut} bytes out; its child process {Child} {Ending:l}",
                peer, reason, closed.BytesIn, child.BytesOut, child.Process, Phrases.Ending(child.ExitCode));
        }
        else
        {
            LogConnection("closed", "closed {Peer:l}: {Reason:l}, after {Messages} messages, {Bytes} bytes", peer, reason, closed.Messages, closed.BytesIn);
        }
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
        _log.Information("switched from {From:l} to {To:l}: {Connections} connections kept, the pause was {Pause:0.0} ms",
            switched.From, WithSelector(switched.To, switched.Selector), switched.Connections, switched.PauseMs);
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

    private void LogConnection(string what, string template, params object?[] values)
    {
        if (_lines++ < MaxLinesPerSecond)
            _log.Information(template, values);
        else
            _leftOut[what] = _leftOut.GetValueOrDefault(what) + 1;
    }

    /// <summary>What is due without an event: that accepting goes on again, and how many lines were left out.</summary>
    private void OnTimer()
    {
        if (!_gate.TryEnter())
            return; // an event is being written, and sets the timer again

        try
        {
            if (_lastWarning != 0 && Environment.TickCount64 - _lastBackoff > QuietTime.TotalMilliseconds)
            {
                _lastWarning = 0;
                _log.Information("accepting again");
            }

            if (Environment.TickCount64 / 1000 != _second)
                LogLeftOut();

            SetTimer();
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void LogLeftOut()
    {
        _second = Environment.TickCount64 / 1000;
        _lines = 0;
        foreach ((string what, int count) in _leftOut)
            _log.Information("{What:l} {Count} more", what, count);

        _leftOut.Clear();
        long dropped = _subscription?.Dropped ?? 0;
        if (dropped > _reportedDrops)
            _log.Warning("{Dropped} lines were not written: the terminal is too slow", dropped - _reportedDrops);

        _reportedDrops = dropped;
    }
}

/// <summary>A line of the command line's own, in its place among the events.</summary>
internal sealed record Remark(LogEventLevel Level, string Text) : ServerEvent;
