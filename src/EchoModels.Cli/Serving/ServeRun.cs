using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;
using EchoModels.Connections;

namespace EchoModels.Cli.Serving;

/// <summary>One run of <c>serve</c>, from the first socket to the summary.</summary>
internal sealed class ServeRun : IDisposable
{
    /// <summary>How long the end may take that was to come at once: children have a second of it.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(3);

    private readonly ServeOptions _options;
    private readonly Signals _signals = new();
    private readonly HostServices _services;
    private readonly Narrator _narrator;
    private readonly EchoHost _host;
    private readonly StatusSource _status;
    private readonly List<ControlServer> _controls = [];
    private readonly Timer _lastResort;

    private ServeRun(ServeOptions options)
    {
        _options = options;
        _services = Listen(options);
        _host = new EchoHost(_services.Sockets, _services, options.Model, options.ModelOptions.Apply(new ModelOptions()));
        _status = new StatusSource(_host, _services);
        _narrator = new Narrator(_services.Events, options.LogLevel);
        _lastResort = new Timer(Leave);
        _signals.SecondCame += EndAtOnce;
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
        _services.Sockets.Dispose();
        _services.Children.Dispose();
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

        OpenControls();
        if (_options.Keys && Keyboard.IsOurs)
            ListenToKeys();

        bool served = ServeToTheEnd();
        foreach (ControlServer control in _controls)
            control.MayBeReplaced = true;

        _host.Stop(_options.Drain, _signals.Second, _signals.Received?.ToString());
        CloseControls();
        _narrator.End(_status.Summary());
        return served && !_signals.Second.IsCancellationRequested ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>Opens every listener, or none.</summary>
    private static HostServices Listen(ServeOptions options)
    {
        IPEndPoint at = options.EndPoints[0];
        try
        {
            return new HostServices(options.EndPoints.Select(endPoint => at = endPoint), options.Backlog, options.Policy, options.ChildCommand);
        }
        catch (SocketException refusal)
        {
            throw new RunFailedException($"cannot listen on {at}: {Reason(refusal)}");
        }
    }

    private static string Reason(SocketException refusal) => refusal.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "the port is in use; choose another with --port (0 takes a free one)",
        SocketError.AddressNotAvailable => "the address is not this machine's; choose one of its own with --bind",
        SocketError.AccessDenied => "not allowed; choose a port from 1024 up with --port",
        SocketError.AddressFamilyNotSupported => "this machine has no such kind of address; choose another with --bind",
        _ => refusal.Message,
    };

    private void OpenControls()
    {
        foreach (Listener listener in _services.Sockets.Listeners)
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
                _host.Switch(model, Keyboard.ChangesFor(model, _host));
            }
            catch (SwitchRefusedException)
            {
                // Told already, by the event that says why.
            }
        });
    }

    private bool ServeToTheEnd()
    {
        using IdleTimeout? idle = _options.IdleTimeout is { } timeout ? new IdleTimeout(_services.Sockets, _services.Children, timeout) : null;
        using Ticker? ticker = _options.Tick is { } interval ? new Ticker(interval, _services, _narrator) : null;
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
