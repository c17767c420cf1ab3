using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>All clients in one event loop: wait until sockets are ready, handle those, wait again.</summary>
/// <remarks>The load uses the same selectors as the servers it drives. The run ends when the last connection is closed.</remarks>
internal sealed class LoadRun : IDisposable
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
    private long _nextTick;
    private long _begin;
    private long _deadline = Clock.Never;
    private long _end;

    public LoadRun(ClientOptions options, ISelector selector, IKernel kernel, ProgressLine progress)
    {
        (_options, _selector, _kernel, _progress) = (options, selector, kernel, progress);
        Faults = new Faults(options);
        _clients = new ClientSet(options.Connections, selector, kernel, Faults);
        _connector = new Connector(options, kernel, _clients, Faults);
        _pace = Pace.For(options);
        _timeout = Clock.From(options.Timeout);
        _tick = Math.Clamp(_timeout / 8, Clock.Millisecond, Clock.Second / 4);
    }

    public Faults Faults { get; }

    /// <summary>The latency of each message, in nanoseconds.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Clients whose connection was established.</summary>
    public int Connected => _clients.Connected;

    /// <summary>Bytes received.</summary>
    public long Bytes => _clients.Received;

    /// <summary>From the first message to the last echo, or to the end of sending if that was later.</summary>
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
        while ((_connector.HasMore || _clients.Connecting > 0) && !_interrupted)
        {
            _connector.StartBatch(_now = Clock.Now);
            RunOnce();
        }

        _connector.Stop();
        StartSending();
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

    /// <summary>Runs the same code with one client before the measurement, so that the first messages do not include its compilation.</summary>
    /// <remarks>The peer is a UDP socket connected to itself: each send is its own echo.</remarks>
    public static void WarmUp(ClientOptions options, ISelector selector, IKernel kernel)
    {
        const int Messages = 40;
        ClientOptions few = options with { Connections = 1, Messages = Messages, Duration = null, Size = 1, Pipeline = 1, Rate = null, Think = default };
        using LoadRun run = new(few, selector, kernel, ProgressLine.None);

        int loopback = kernel.OpenDatagramToItself();
        kernel.SetBlocking(new SocketHandle(loopback), false);
        run._connector.Stop();
        run._clients.Add(new LoadConnection(0, loopback, kernel, few) { LastProgress = run._now });
        run.RunOnce();
        run.StartSending();

        // UDP has no end of stream to wait for: the run ends before the last message.
        long limit = run._now + (Clock.Second / 4);
        while (run.Latency.Count < Messages - 1 && run._now < limit)
            run.RunOnce();
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

    private void FinishConnecting(LoadConnection client)
    {
        Fault fault = Handshake.Finish(_kernel, client.Socket);
        if (fault == Fault.None)
            _clients.HandleConnected(client);
        else
            _clients.Fail(client, fault);
    }

    private void Receive(LoadConnection client)
    {
        Fault fault = client.Receive(_buffer);
        _now = Clock.Now;
        client.LastProgress = _now;
        while (client.TryCountEcho(out long start))
        {
            Latency.Record(_now - start);
            _end = _now;
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

    private void StopSending()
    {
        _sending = false;
        _deadline = Clock.Never;
        _end = _now;
        foreach (LoadConnection client in _clients.In(ClientState.Established))
        {
            if (!client.AwaitsEcho)
                _clients.HalfClose(client, _now);
        }
    }

    private void Tick()
    {
        _nextTick = _now + _tick;
        _clients.FailStalled(_now - _timeout);
        if (_progress.IsShown)
            _progress.Show(ClientReport.Progress(this, _options, _started ? _now - _begin : 0));
    }
}
