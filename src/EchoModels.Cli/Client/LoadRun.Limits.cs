namespace EchoModels.Cli.Client;

/// <content>The limits that the server is judged by, and the failures of clients.</content>
internal sealed partial class LoadRun
{
    /// <summary>In a shorter run, a client without an answer is reported, and is no failure.</summary>
    private const double MinSecondsToJudge = 2;

    /// <summary>How long this process itself stood still, in seconds; pauses below a second are not counted.</summary>
    public double SecondsStoodStill { get; private set; }

    /// <summary>Everything that makes the run a failed one, in one line; null if nothing does.</summary>
    public string? Describe()
    {
        List<string> failures = [];
        if (Faults.Describe() is { } faults)
            failures.Add(faults);
        if (IsInterrupted && !_started)
            failures.Add($"interrupted: {ConnectedInWords} ({Faults.Server})");
        if (Seconds - SecondsStoodStill >= MinSecondsToJudge && ClientReport.Of(this).DescribeStarvation() is { } starvation)
            failures.Add(starvation);

        return failures.Count == 0 ? null : string.Join("; ", failures);
    }

    private string ConnectedInWords => Connected == 0
        ? "nobody was connected"
        : FormattableString.Invariant($"{Connected:N0} of {_options.Connections:N0} connected, and nothing was sent");

    /// <summary>Handles what has arrived at a client's socket and was not reported yet, before the client is judged.</summary>
    private void Look(LoadConnection client)
    {
        if (client.State != ClientState.Connecting)
            Receive(client);
        else if (_kernel.PeerOf(client.Socket) is not null)
            FinishConnecting(client);
    }

    private void HandleFailure(LoadConnection client, Fault fault)
    {
        if (client.State == ClientState.Connecting)
        {
            _connector.HandleFailure(fault);
            return;
        }

        Answers.HandleFailure(client, fault, _now);
        Faults.Add(fault, client);
    }

    /// <summary>Looks whether this process stood still since the last wait, and takes that time off the limits of all clients.</summary>
    /// <param name="expected">How long the wait may have taken, in nanoseconds.</param>
    private void HandleStandstill(long expected)
    {
        long still = Standstill.In(_now - _lap, expected);
        _lap = _now;
        if (still == 0)
            return;

        _clients.HandleStandstill(still);
        if (still >= Clock.Second)
            SecondsStoodStill += (double)still / Clock.Second;
    }

    private void Tick()
    {
        _nextTick = _now + _tick;
        if (!_sending || _now < _deadline) // otherwise the sending ends now, and the limit begins anew
            _clients.FailStalled(_now - _timeout, Look);
        if (_progress.IsShown)
            _progress.Show(ClientReport.Progress(this, _options, _started ? _now - _begin : 0));
    }
}
