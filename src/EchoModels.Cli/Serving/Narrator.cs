using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Selectors;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Sinks.SystemConsole.Themes;

namespace EchoModels.Cli.Serving;

/// <summary>Tells on stderr what the server does, one line each.</summary>
/// <remarks>
/// The models' threads only leave a note; a thread of its own writes, so that a slow terminal, or one stopped by Ctrl+S, holds up
/// no client. Notes beyond <see cref="MostNotes"/> are dropped and counted, and so are lines about single connections beyond
/// <see cref="MostLinesASecond"/>: nobody reads more.
/// </remarks>
internal sealed class Narrator : IDisposable
{
    private const int MostNotes = 10_000;
    private const int MostLinesASecond = 50;
    private static readonly TimeSpan BetweenComplaints = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ALittleWhile = TimeSpan.FromSeconds(1);

    private readonly BlockingCollection<Action> _notes = new(MostNotes);
    private readonly Logger _log;
    private readonly Thread _thread;
    private readonly Dictionary<string, int> _leftOut = [];
    private string? _last;
    private long _dropped;
    private long _second;
    private int _lines;
    private long _complained;
    private long _refused;
    private long _wanting;
    private bool _cameUp;

    public Narrator(LogEventLevel least)
    {
        bool plain = Console.IsErrorRedirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 }
            || Environment.GetEnvironmentVariable("TERM") == "dumb";
        _log = new LoggerConfiguration()
            .MinimumLevel.Is(least)
            .WriteTo.Console(
                outputTemplate: "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}",
                formatProvider: CultureInfo.InvariantCulture,
                standardErrorFromLevel: LogEventLevel.Verbose,
                theme: plain ? ConsoleTheme.None : AnsiConsoleTheme.Literate)
            .CreateLogger();
        _thread = new Thread(Write) { Name = "narrator", IsBackground = true };
        _thread.Start();
    }

    public void Listening(EchoHost host, SelectorFactory selectors, IEnumerable<Listener> listeners)
    {
        _cameUp = true;
        string model = host.Serving.Name;
        string? selector = selectors.Current;
        foreach (string endPoint in listeners.Select(listener => listener.EndPoint.ToString()).ToList())
        {
            if (selector is null)
                Note(() => _log.Information("listening on {EndPoint:l}, model {Model:l}", endPoint, model));
            else
                Note(() => _log.Information("listening on {EndPoint:l}, model {Model:l}, selector {Selector:l}", endPoint, model, selector));
        }
    }

    public void Information(string text) => Note(() => _log.Information("{Text:l}", text));

    public void Warning(string text) => Note(() => _log.Warning("{Text:l}", text));

    public void Error(string text) => Note(() => _log.Error("{Text:l}", text));

    public void Accepted(Connection connection)
    {
        if (_log.IsEnabled(LogEventLevel.Information))
            Note(() => AboutConnection("accepted", () => _log.Information("accepted {Peer:l}", Phrases.Peer(connection))));
    }

    public void ChildRefused(IOException want) => Note(() =>
    {
        if (_wanting != 0 && Environment.TickCount64 - _wanting < BetweenComplaints.TotalMilliseconds)
            return;

        _wanting = Environment.TickCount64;
        _log.Warning("cannot start a child process: {Want:l}; clients wait, those that have one are served", want.Message);
    });

    public void ChildStarted(Connection connection)
    {
        Note(TellThatThereAreChildrenAgain);
        if (_log.IsEnabled(LogEventLevel.Information))
        {
            Note(() => AboutConnection("child processes", () => _log.Information("child process {Child} serves {Peer:l}",
                connection.Child, Phrases.Peer(connection))));
        }
    }

    public void Closed(Connection connection, CloseReason reason)
    {
        if (!_log.IsEnabled(LogEventLevel.Information))
            return;

        if (connection.Child != 0)
        {
            Note(() => AboutConnection("closed", () => _log.Information(
                "closed {Peer:l}: {Reason:l}, after {BytesIn} bytes in, {BytesOut} bytes out; its child process {Child} {Ending:l}",
                Phrases.Peer(connection), Phrases.Reason(reason), connection.BytesIn, connection.BytesOut, connection.Child, Phrases.Ending(connection.ChildExit))));
        }
        else
        {
            Note(() => AboutConnection("closed", () => _log.Information("closed {Peer:l}: {Reason:l}, after {Messages} messages, {Bytes} bytes",
                Phrases.Peer(connection), Phrases.Reason(reason), connection.Messages, connection.BytesIn)));
        }
    }

    public void AcceptFailed(Listener listener, SocketError error)
    {
        // Nobody is kept waiting: a blocking accept wants the next client's descriptor before it sleeps.
        if (!OperatingSystem.IsLinux() || listener.Queued > 0)
            Note(() => Complain(listener, error));
    }

    private void Complain(Listener listener, SocketError error)
    {
        _refused = Environment.TickCount64;
        if (_complained != 0 && _refused - _complained < BetweenComplaints.TotalMilliseconds)
            return;

        _complained = _refused;
        string want = error == SocketError.TooManyOpenSockets ? "no descriptor is free" : error.ToString();
        _log.Warning("cannot accept on {EndPoint}: {Want:l}; clients wait in the backlog, those connected are served", listener.EndPoint, want);
    }

    public void FellBack(IReadOnlyList<SelectorRefusal> refusals, SelectorRow taken) => Warning(
        $"{string.Join("; ", refusals.Select(refusal => $"{refusal.Name} was refused ({refusal.Error})"))}; {taken.Name} is used instead");

    public void Switched(SwitchReport report, string? selector) => Note(() => _log.Information(
        "switched from {From:l} to {To:l}{Selector:l}: {Connections} connections went along, the pause was {Pause:0.0} ms",
        report.From, report.To, selector is null || selector == report.To ? "" : $" (selector {selector})", report.Connections, report.PauseMs));

    public void Failed(ModelFailure failure)
    {
        if (failure.BackTo is null && !_cameUp)
            return; // the server's last line will say so

        string what = $"{failure.Model} {(failure.HadServed ? "failed" : "could not start")}: {failure.Error.Message}";
        if (failure.BackTo is null)
            Error($"{what}; there is no model left to serve");
        else
            Warning($"{what}; {failure.BackTo} serves instead");
    }

    /// <summary>Ends with this line: what was said before is written first, and what is said from now on is not.</summary>
    public void End(string summary)
    {
        _last = summary;
        Dispose();
    }

    /// <summary>Writes what is still to be written, for a second at the most.</summary>
    public void Dispose()
    {
        _notes.CompleteAdding();
        if (_thread.Join(TimeSpan.FromSeconds(1)))
            _log.Dispose();
    }

    private void Note(Action write)
    {
        try
        {
            if (!_notes.TryAdd(write))
                Interlocked.Increment(ref _dropped);
        }
        catch (InvalidOperationException)
        {
            // Said after the end, by a thread that is only now noticing it.
        }
    }

    private void Write()
    {
        while (!_notes.IsCompleted)
        {
            if (_notes.TryTake(out Action? write, millisecondsTimeout: _leftOut.Count > 0 || _complained != 0 ? 200 : Timeout.Infinite))
                write();
            if (_complained != 0 && Environment.TickCount64 - _refused > ALittleWhile.TotalMilliseconds)
                TellThatItIsOver();
            if (Environment.TickCount64 / 1000 != _second)
                TellWhatWasLeftOut();
        }

        TellWhatWasLeftOut();
        if (_last is not null)
            _log.Information("{Summary:l}", _last);
    }

    private void AboutConnection(string what, Action write)
    {
        if (_lines++ < MostLinesASecond)
            write();
        else
            _leftOut[what] = _leftOut.GetValueOrDefault(what) + 1;
    }

    private void TellThatItIsOver()
    {
        _complained = 0;
        _log.Information("accepting again");
    }

    private void TellThatThereAreChildrenAgain()
    {
        if (_wanting != 0)
            _log.Information("child processes can be started again");

        _wanting = 0;
    }

    private void TellWhatWasLeftOut()
    {
        _second = Environment.TickCount64 / 1000;
        _lines = 0;
        foreach ((string what, int count) in _leftOut)
            _log.Information("{What:l} {Count} more", what, count);

        _leftOut.Clear();
        if (Interlocked.Exchange(ref _dropped, 0) is > 0 and long dropped)
            _log.Warning("{Dropped} lines were not written: the terminal is too slow", dropped);
    }
}
