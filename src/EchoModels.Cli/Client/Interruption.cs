using System.Runtime.InteropServices;

namespace EchoModels.Cli.Client;

/// <summary>The signals that end a run early and in order; a second one ends the process.</summary>
internal sealed class Interruption : IDisposable
{
    /// <summary>timeout(1) signals a process and then its group: a second signal within this time counts as the first.</summary>
    private const long SameSignal = Clock.Second / 2;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private long _receivedAt;

    public Interruption() =>
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();

        _source.Dispose();
    }

    private void Handle(PosixSignalContext signal)
    {
        _receivedAt = _receivedAt == 0 ? Clock.Now : _receivedAt;
        signal.Cancel = Clock.Now - _receivedAt < SameSignal; // not cancelled, it has its default effect
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run has ended meanwhile.
        }
    }
}
