using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Cli.Serving;

/// <summary>One run of <c>serve</c>, from the first socket to the summary.</summary>
internal sealed class ServeRun : IDisposable
{
    /// <summary>How long the end may take that was to come at once: children have a second of it.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(3);

    private readonly ServeOptions _options;
    private readonly CallCounters _counters = new();
    private readonly Signals _signals = new();
    private readonly Narrator _narrator;
    private readonly ModelContext _context;
    private readonly SocketSet _sockets;
    private readonly EchoHost _host;
    private readonly StatusSource _status;
    private readonly List<ControlServer> _controls = [];
    private readonly Timer _lastResort;

    private ServeRun(ServeOptions options)
    {
        _options = options;
        _sockets = new SocketSet(OpenListeners(options), new CountingSocketIo(SocketIo.ForThisSystem, _counters), options.Policy);
        _context = options.Context(_counters);
        _context.Selectors.Forced = options.Selector;
        _host = new EchoHost(_sockets, _context, options.Model);
        _status = new StatusSource(_host, _sockets, _context);
        _narrator = new Narrator(options.LogLevel);
        _lastResort = new Timer(Leave);
        _signals.SecondCame += EndAtOnce;
        Narrate();
    }

    /// <summary>Serves until a signal ends it.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="RunFailedException">It could not listen, or could not start.</exception>
    public static int Run(ServeOptions options)
    {
        Warmup.LoadAssemblies();
        using ServeRun run = new(options);
        return run.Serve();
    }

    public void Dispose()
    {
        CloseControls();
        _narrator.Dispose();
        _host.Dispose();
        _sockets.Dispose();
        _signals.Dispose();
        _lastResort.Dispose();
    }

    private int Serve()
    {
        try
        {
            _host.Start();
        }
        catch (SwitchRefusedException refusal)
        {
            throw new RunFailedException(refusal.Message);
        }

        _context.Selectors.Forced = null; // it was meant for the model named beside it
        OpenControls();
        if (_options.Keys && Keyboard.IsOurs)
            ListenToKeys();

        bool served = ServeToTheEnd();
        _host.Stop(_options.Drain, _signals.Second);
        CloseControls();
        _narrator.End(_status.Summary());
        return served && !_signals.Second.IsCancellationRequested ? ExitCode.Ok : ExitCode.Failed;
    }

    private static List<Listener> OpenListeners(ServeOptions options)
    {
        List<Listener> listeners = [];
        foreach (IPEndPoint endPoint in options.EndPoints)
        {
            try
            {
                listeners.Add(Listener.Open(endPoint, options.Backlog));
            }
            catch (SocketException refusal)
            {
                listeners.ForEach(listener => listener.Socket.Dispose());
                throw new RunFailedException($"cannot listen on {endPoint}: {Reason(refusal)}");
            }
        }

        return listeners;
    }

    private static string Reason(SocketException refusal) => refusal.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "the port is in use; choose another with --port (0 takes a free one)",
        SocketError.AddressNotAvailable => "the address is not this machine's; choose one of its own with --bind",
        SocketError.AccessDenied => "not allowed; choose a port from 1024 up with --port",
        SocketError.AddressFamilyNotSupported => "this machine has no such kind of address; choose another with --bind",
        _ => refusal.Message,
    };

    private void Narrate()
    {
        bool listening = false;
        _sockets.Started += () =>
        {
            if (listening)
                return;

            listening = true;
            _narrator.Listening(_host, _context.Selectors, _sockets.Listeners);
        };
        _sockets.Accepted += _narrator.Accepted;
        _sockets.Closed += _narrator.Closed;
        _sockets.Children.Started += _narrator.ChildStarted;
        _sockets.Children.Refused += _narrator.ChildRefused;
        _sockets.AcceptFailed += _narrator.AcceptFailed;
        _context.Selectors.FellBack += _narrator.FellBack;
        _host.Switched += report => _narrator.Switched(report, _context.Selectors.Current);
        _host.Failed += _narrator.Failed;
        _host.Stopping += TellThatItStops;
    }

    private void TellThatItStops()
    {
        foreach (ControlServer control in _controls)
            control.MayBeReplaced = true;
        if (_signals.Received is { } signal)
            _narrator.Information($"{signal}: stopping; no new clients, unsent bytes have {_options.Drain.TotalSeconds:0.###} s to go out");
    }

    private void OpenControls()
    {
        foreach (Listener listener in _sockets.Listeners)
        {
            try
            {
                _controls.Add(ControlServer.Open(listener.EndPoint.Port, Answer));
            }
            catch (IOException refusal)
            {
                _narrator.Warning($"no control socket, so no 'switch' and no 'status' for port {listener.EndPoint.Port}: {refusal.Message}");
            }
        }
    }

    private void CloseControls()
    {
        foreach (ControlServer control in _controls)
            control.Dispose();
    }

    private string Answer(string line) => Requests.Answer(line, _host, _status);

    private void ListenToKeys()
    {
        _narrator.Information(Keyboard.Legend);
        Keyboard.Listen(model =>
        {
            try
            {
                _host.Switch(model);
            }
            catch (SwitchRefusedException)
            {
                // Told already, by the event that says why.
            }
        });
    }

    private bool ServeToTheEnd()
    {
        using IdleWatch? idle = _options.IdleTimeout is { } timeout ? new IdleWatch(_sockets, timeout) : null;
        using Ticker? ticker = _options.Tick is { } interval ? new Ticker(interval, _sockets, _counters, _narrator) : null;
        return WaitForTheEnd();
    }

    /// <summary>Sleeps until a signal comes, or no model is left to serve.</summary>
    /// <returns>Whether it was a signal.</returns>
    private bool WaitForTheEnd() =>
        WaitHandle.WaitAny([_signals.First.WaitHandle, ((IAsyncResult)_host.Ended).AsyncWaitHandle]) == 0;

    private void EndAtOnce()
    {
        _narrator.Warning("a second signal: ending at once");
        _lastResort.Change(AtOnce, Timeout.InfiniteTimeSpan);
    }

    private void Leave(object? state)
    {
        CloseControls();
        _narrator.Dispose();
        Environment.Exit(ExitCode.Failed);
    }
}
