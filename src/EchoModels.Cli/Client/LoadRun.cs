using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>All clients in one event loop: wait until sockets are ready, handle those, wait again.</summary>
/// <remarks>The load uses the same selectors as the servers it drives. The run ends when the last connection is closed.</remarks>
internal sealed partial class LoadRun : IDisposable
{
    /// <summary>How long before an exact due time the loop stops sleeping and polls: a sleep may end up to a millisecond late.</summary>
    private const long SpinBeforeDue = 2 * Clock.Millisecond;

    private readonly ClientOptions _options;
    private readonly ISelector _selector;
    private readonly IKernel _kernel;
    private readonly ProgressLine _progress;
    private readonly ClientSet _clients;
    private readonly Connector _connector;
    private readonly Pace _pace;
    private readonly byte[] _buffer = new byte[Pattern.MaxSpan];
    private readonly long _timeout;
    private readonly long _tick;

    private volatile bool _interrupted;
    private bool _started;
    private bool _sending;
    private long _now = Clock.Now;
    private long _lap = Clock.Now;
    private long _nextTick;
    private long _begin;
    private long _deadline = Clock.Never;
    private long _end;

    public LoadRun(ClientOptions options, ISelector selector, IKernel kernel, ProgressLine progress)
    {
        (_options, _selector, _kernel, _progress) = (options, selector, kernel, progress);
        Faults = new Faults(options);
        _clients = new ClientSet(options.Connections, selector, kernel);
        _clients.Failed += HandleFailure;
        _connector = new Connector(options, kernel, _clients, Faults);
        _pace = Pace.For(options);
        Answers = new Answers(_pace);
        _timeout = Clock.From(options.Timeout);
        _tick = Math.Clamp(_timeout / 8, Clock.Millisecond, Clock.Second / 4);
    }

    public Faults Faults { get; }

    /// <summary>The messages that were answered, and those that were not.</summary>
    public Answers Answers { get; }

    /// <summary>Clients whose connection was established.</summary>
    public int Connected => _clients.Connected;

    /// <summary>Clients that got an answer while messages were sent.</summary>
    public int Served => _clients.Served;

    /// <summary>Clients that sent messages and waited throughout for an answer.</summary>
    public int Starved => _clients.Starved;

    /// <summary>Whether it was ended early.</summary>
    public bool IsInterrupted => _interrupted;

    /// <summary>Bytes received.</summary>
    public long Bytes => _clients.Received;

    /// <summary>From the first message to the last counted echo, or to the end of sending if that was later.</summary>
    public double Seconds => (double)(_end - _begin) / Clock.Second;

    /// <summary>Ends the run early, from any thread: no more messages are sent, and the echoes in flight are awaited.</summary>
    public void Interrupt()
    {
        _interrupted = true;
        _selector.Wake();
    }

    /// <exception cref="IOException">The selector fails.</exception>
    public void Run()
    {
        _begin = _end = _lap = Clock.Now;
        Connect();
        AwaitGreeting();
        if (MaySend)
            StartSending();
        else
            _clients.CloseAll();

        while (_clients.Open > 0)
        {
            RunOnce();
            if (_sending)
                SendDue();
            if (_sending && (_interrupted || _now >= _deadline))
                StopSending();
        }

        _progress.Clear();
    }

    public void Dispose() => _clients.Dispose();

    private void StartSending()
    {
        foreach (LoadConnection unconnected in _clients.In(ClientState.Connecting))
            _clients.Close(unconnected);

        List<LoadConnection> established = [.. _clients.In(ClientState.Established)];
        _begin = _end = _now = Clock.Now;
        _deadline = _options.Duration is { } duration ? _begin + Clock.From(duration) : Clock.Never;
        _started = _sending = true;
        _pace.Start(established, _now);
        established.ForEach(SendOrHalfClose);
    }

    private void RunOnce()
    {
        int sleep = SleepMilliseconds();
        ReadOnlySpan<ReadyEvent> events = _selector.Wait(sleep);
        _now = Clock.Now;
        HandleStandstill(sleep * Clock.Millisecond);
        if (events.IsEmpty && sleep == 0)
            Thread.Yield(); // while it spins, a server on the same processor must still run

        foreach (ReadyEvent ready in events)
        {
            if (_clients.Find(ready.Token) is { } client)
                HandleReady(client, ready.Ready);
        }

        if (_now >= _nextTick)
            Tick();
    }

    private int SleepMilliseconds()
    {
        if (_connector.HasMore)
            return 1;

        long due = !_sending ? Clock.Never : _pace.IsExact ? _pace.NextDue - SpinBeforeDue : _pace.NextDue;
        long nanoseconds = Math.Min(due, Math.Min(_deadline, _nextTick)) - _now;
        return (int)Math.Max(0, (nanoseconds + Clock.Millisecond - 1) / Clock.Millisecond);
    }

    private void HandleReady(LoadConnection client, Interest ready)
    {
        if (client.State == ClientState.Connecting)
        {
            FinishConnecting(client);
            return;
        }

        if ((ready & Interest.Read) != 0 && client.State != ClientState.Closed)
            Receive(client);
        if ((ready & Interest.Write) != 0 && client.State == ClientState.Established)
            SendOrHalfClose(client);
    }

    private void Receive(LoadConnection client)
    {
        long before = client.Received;
        Fault fault = client.Receive(_buffer);
        _now = Clock.Now;
        if (client.Received > before)
            client.LastProgress = _now;
        while (client.TryCountEcho(out long start))
        {
            Answers.Add(client, start, _now);
            _end = client.IsStarved ? _end : _now;
            if (_sending)
                _pace.HandleEcho(client, _now);
        }

        if (fault == Fault.ClosedEarly && client.State == ClientState.HalfClosed)
            _clients.Close(client);
        else if (fault != Fault.None)
            _clients.Fail(client, fault);
        else if (client.State == ClientState.Established)
            SendOrHalfClose(client);
    }

    /// <summary>Sends what is issued; ends the stream when every echo is here and no more messages will follow.</summary>
    private void SendOrHalfClose(LoadConnection client)
    {
        if (_started && !client.AwaitsEcho && (!_sending || client.Issued == client.Limit))
        {
            _clients.HalfClose(client, _now);
            return;
        }

        Fault fault = client.Send();
        if (fault == Fault.None)
            _clients.Update(client);
        else
            _clients.Fail(client, fault);
    }

    /// <summary>Sends the messages that are due, except those that become due after the end of the run.</summary>
    private void SendDue()
    {
        while (_pace.TryIssueDue(Math.Min(_now, _deadline - 1), out LoadConnection client))
        {
            if (client.State == ClientState.Established)
                SendOrHalfClose(client);
        }
    }

    /// <summary>Ends the sending; the echoes in flight are awaited, and have the whole timeout from now on.</summary>
    private void StopSending()
    {
        _sending = false;
        _deadline = Clock.Never;
        _end = _now;
        foreach (LoadConnection client in _clients.In(ClientState.Established).Where(client => client.Echoed == 0))
            Look(client);

        Answers.EndSending(_clients.In(ClientState.Established), _end);
        foreach (LoadConnection client in _clients.In(ClientState.Established))
        {
            if (client.AwaitsEcho)
                client.LastProgress = _now;
            else
                _clients.HalfClose(client, _now);
        }
    }
}
