using System.Diagnostics;
using System.Runtime.InteropServices;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Serving;

/// <summary>The signals that end a program: the first asks it to, the second ends it at once. A terminal's cannot stop it.</summary>
internal sealed class Signals : IDisposable
{
    /// <summary>Who signals a process and then its group, as timeout(1) does, means one signal, and not two.</summary>
    private static readonly TimeSpan OneSignal = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _first = new();
    private readonly CancellationTokenSource _second = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private long _began;
    private bool _isOver;

    public Signals()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));

        Terminal.IgnoreItsStops();
        if (!OperatingSystem.IsWindows())
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, KeepTheRuntimeFromTheTerminal));
    }

    /// <summary>The second has come; raised before <see cref="Second"/> tells, so that what is said of it is said in time.</summary>
    public event Action? SecondCame;

    /// <summary>Told by the first signal.</summary>
    public CancellationToken First => _first.Token;

    /// <summary>Told by the second.</summary>
    public CancellationToken Second => _second.Token;

    /// <summary>Which one came first; null if none has come.</summary>
    public PosixSignal? Received { get; private set; }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();

        lock (_lock)
        {
            _isOver = true; // for a signal that came just before
            _first.Dispose();
            _second.Dispose();
        }
    }

    /// <summary>Continued after Ctrl+Z, the runtime would set the terminal for its own reading, and heed SIGTTOU again.</summary>
    private static void KeepTheRuntimeFromTheTerminal(PosixSignalContext signal) => signal.Cancel = true;

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_lock)
        {
            if (_isOver)
                return;

            if (Received is null)
            {
                Received = context.Signal;
                _began = Stopwatch.GetTimestamp();
                _first.Cancel();
            }
            else if (Stopwatch.GetElapsedTime(_began) >= OneSignal && !_second.IsCancellationRequested)
            {
                SecondCame?.Invoke();
                _second.Cancel();
            }
        }
    }
}
