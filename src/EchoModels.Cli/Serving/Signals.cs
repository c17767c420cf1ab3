using System.Diagnostics;
using System.Runtime.InteropServices;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Serving;

/// <summary>The signals that end the server: the first starts an orderly stop, the second ends it at once.</summary>
internal sealed class Signals : IDisposable
{
    /// <summary>timeout(1) signals a process and then its group: a second signal within this time counts as the first.</summary>
    private static readonly TimeSpan SameSignal = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _first = new();
    private readonly CancellationTokenSource _second = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private long _receivedAt;
    private bool _disposed;

    public Signals()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));

        Terminal.IgnoreStopSignals();
        if (!OperatingSystem.IsWindows())
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, CancelRuntimeAction));
    }

    /// <summary>Raised by the second signal, before <see cref="Second"/> is cancelled, so that its log line is written before the process ends.</summary>
    public event Action? SecondCame;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken First => _first.Token;

    /// <summary>Cancelled by the second signal.</summary>
    public CancellationToken Second => _second.Token;

    /// <summary>The name of the first signal, or <c>stop</c> if it was a request; null if neither has come.</summary>
    public string? Cause { get; private set; }

    /// <summary>Has the effect of the first signal; none if there was one.</summary>
    /// <param name="cause">What asks for it.</param>
    public void RequestStop(string cause)
    {
        lock (_lock)
        {
            if (!_disposed && Cause is null)
                BeginStop(cause);
        }
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();

        lock (_lock)
        {
            _disposed = true; // a handler may be waiting for the lock
            _first.Dispose();
            _second.Dispose();
        }
    }

    /// <summary>Prevents the runtime's default action after Ctrl+Z and fg, which would change the terminal's settings and enable SIGTTOU again.</summary>
    private static void CancelRuntimeAction(PosixSignalContext signal) => signal.Cancel = true;

    private void BeginStop(string cause)
    {
        Cause = cause;
        _receivedAt = Stopwatch.GetTimestamp();
        _first.Cancel();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_lock)
        {
            if (_disposed)
                return;

            if (Cause is null)
                BeginStop(context.Signal.ToString());
            else if (Stopwatch.GetElapsedTime(_receivedAt) >= SameSignal && !_second.IsCancellationRequested)
            {
                SecondCame?.Invoke();
                _second.Cancel();
            }
        }
    }
}
