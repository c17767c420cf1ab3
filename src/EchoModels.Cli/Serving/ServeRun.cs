using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;

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
    private readonly ControlChannel _control;
    private readonly StopRequests _stops;
    private readonly Timer _lastResort;

    private ServeRun(ServeOptions options)
    {
        _options = options;
        _services = Listen(options);
        _host = new EchoHost(_services.Sockets, _services, options.Model, options.ModelOptions.Apply(new ModelOptions()));
        _status = new StatusSource(_host, _services);
        _narrator = new Narrator(_services.Events, options.LogLevel, namesPorts: options.EndPoints.Count > 1);
        _stops = new StopRequests(_signals, options.Drain);
        _control = new ControlChannel(
            _services.Sockets.Listeners.Select(listener => listener.EndPoint), line => Requests.Answer(line, _host, _status, _stops), _narrator.Warning);
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
        _control.Dispose();
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

        _control.Open();
        if (_options.Keys && Keyboard.IsOurs)
            ListenToKeys();

        bool served = ServeToTheEnd();
        _control.AllowReplacement();
        _stops.Complete(Stop());
        _control.Dispose();
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

    private StopReport Stop()
    {
        long begun = Stopwatch.GetTimestamp();
        long closedBefore = _services.Sockets.ClosedCount;
        long sentBefore = Traffic.Take(_services).Bytes.Out;
        CutOff cutOff = _host.Stop(_options.Drain, _signals.Second, _signals.Cause);
        return new StopReport(
            Stopwatch.GetElapsedTime(begun).TotalSeconds,
            _services.Sockets.ClosedCount - closedBefore,
            Traffic.Take(_services).Bytes.Out - sentBefore,
            cutOff.Connections,
            cutOff.UnsentBytes);
    }

    private void ListenToKeys()
    {
        Keyboard keyboard = new(SwitchByKey, _narrator.Information);
        _narrator.Information(keyboard.Legend);
        keyboard.Listen();
    }

    private void SwitchByKey(ModelRow model)
    {
        try
        {
            _host.Switch(model, Keyboard.ChangesFor(model, _host));
        }
        catch (SwitchRefusedException)
        {
            // Told already, by the event that says why.
        }
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
        _control.Dispose();
        _narrator.Dispose();
        Environment.Exit(ExitCode.Failed);
    }
}
