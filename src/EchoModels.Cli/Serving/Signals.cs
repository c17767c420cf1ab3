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

    public Signals()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));

        Terminal.IgnoreItsStops();
        if (!OperatingSystem.IsWindows())
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, KeepTheRuntimeFromTheTerminal));
    }

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

        _first.Dispose();
        _second.Dispose();
    }

    /// <summary>Continued after Ctrl+Z, the runtime would set the terminal for its own reading, and heed SIGTTOU again.</summary>
    private static void KeepTheRuntimeFromTheTerminal(PosixSignalContext signal) => signal.Cancel = true;

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        bool isFirst;
        lock (_lock)
        {
            isFirst = Received is null;
            if (!isFirst && Stopwatch.GetElapsedTime(_began) < OneSignal)
                return;

            Received ??= context.Signal;
            _began = isFirst ? Stopwatch.GetTimestamp() : _began;
        }

        (isFirst ? _first : _second).Cancel();
    }
}
