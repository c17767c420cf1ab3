using System.Net.Sockets;
using EchoModels.Selectors;
using EchoModels.Sockets;

namespace EchoModels.Cli.Client;

/// <summary>All clients on one thread: sleep until some of their sockets are ready, attend to those, sleep again.</summary>
/// <remarks>The load is itself a reactor, on the selectors of the servers it drives. It ends when the last conversation is over.</remarks>
internal sealed class LoadRun(ClientOptions options, ISelector selector, ISocketIo io, ProgressLine progress) : IDisposable
{
    /// <summary>Connections that are begun each millisecond; a server that makes a thread for each must be able to follow.</summary>
    private const int DialsPerMillisecond = 16;

    /// <summary>How long before an exact due time sleeping ends and asking again and again begins: a sleep ends late by up to a millisecond.</summary>
    private const long Vigil = 2 * Clock.Millisecond;

    private readonly LoadConnection?[] _clients = new LoadConnection?[options.Connections];
    private readonly Dialer _dialer = new(options.Server);
    private readonly Pace _pace = Pace.For(options);
    private readonly byte[] _buffer = new byte[Pattern.LongestPiece];
    private readonly long _timeout = Clock.From(options.Timeout);
    private readonly long _tick = Math.Clamp(Clock.From(options.Timeout) / 8, Clock.Millisecond, Clock.Second / 4);

    private volatile bool _interrupted;
    private bool _sending;
    private int _dialed;
    private int _connecting;
    private int _open;
    private long _now = Clock.Now;
    private long _nextTick;
    private long _begin;
    private long _deadline = Clock.Never;
    private long _end;

    public Faults Faults { get; } = new(options);

    /// <summary>How long each message was under way, in nanoseconds.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Clients that had a connection.</summary>
    public int Connected { get; private set; }

    /// <summary>Bytes that came back.</summary>
    public long Bytes => _clients.Sum(client => client?.Received ?? 0);

    /// <summary>From the first message to the last echo, or to the end of sending if that was later.</summary>
    public double Seconds => (double)(_end - _begin) / Clock.Second;

    /// <summary>Ends the run early, from any thread: no more messages, but the echoes under way are waited for.</summary>
    public void Interrupt()
    {
        _interrupted = true;
        selector.Wake();
    }

    /// <exception cref="IOException">The selector fails.</exception>
    public void Run()
    {
        while ((_dialed < _clients.Length || _connecting > 0) && !_interrupted)
        {
            Dial();
            Turn();
        }

        _dialed = _clients.Length;
        Begin();
        while (_open > 0)
        {
            Turn();
            if (_sending && (_interrupted || _now >= _deadline))
                StopSending();
            if (_sending)
                Release();
        }

        progress.Clear();
    }

    public void Dispose()
    {
        foreach (LoadConnection? client in _clients)
            client?.Socket.Dispose();

        _dialer.Dispose();
    }

    private void Dial()
    {
        for (int i = 0; i < DialsPerMillisecond && _dialed < _clients.Length; i++)
        {
            int slot = _dialed++;
            Fault fault = _dialer.Begin(out Socket? socket);
            if (socket is not null)
                Join(new LoadConnection(slot, socket, io, options) { LastProgress = _now });
            else
                Faults.Add(fault);

            if (fault == Fault.NoDescriptor)
                LeaveOut(fault);
        }

        // So many refused, and nobody let in: the others need not try.
        if (Connected == 0 && Faults[Fault.Refused] >= DialsPerMillisecond)
            LeaveOut(Fault.Refused);
    }

    /// <summary>Does not try those that have not tried yet, as they would fare no better.</summary>
    private void LeaveOut(Fault fault)
    {
        Faults.Add(fault, _clients.Length - _dialed);
        _dialed = _clients.Length;
    }

    private void Join(LoadConnection client)
    {
        _clients[client.Slot] = client;
        _open++;
        _connecting++;
        client.Told = client.Interest;
        selector.Add(client.Socket, client.Told, client.Token);
    }

    private void Begin()
    {
        List<LoadConnection> talking = [];
        foreach (LoadConnection? client in _clients)
        {
            if (client?.Stage == Stage.Connecting)
                Close(client);
            else if (client?.Stage == Stage.Talking)
                talking.Add(client);
        }

        _begin = _end = _now = Clock.Now;
        _deadline = options.Duration is { } duration ? _begin + Clock.From(duration) : Clock.Never;
        _sending = true;
        _pace.Begin(talking, _now);
        talking.ForEach(Continue);
    }

    private void Turn()
    {
        int sleep = SleepMilliseconds();
        ReadOnlySpan<ReadyEvent> events = selector.Wait(sleep);
        _now = Clock.Now;
        if (events.IsEmpty && sleep == 0)
            Thread.Yield(); // keeping watch must not take the processor from a server that shares it

        foreach (ReadyEvent ready in events)
        {
            if (_clients[ready.Token.Slot] is { } client)
                Attend(client, ready.Ready);
        }

        if (_now >= _nextTick)
            Tick();
    }

    private int SleepMilliseconds()
    {
        if (_dialed < _clients.Length)
            return 1;

        long due = !_sending ? Clock.Never : _pace.IsExact ? _pace.NextDue - Vigil : _pace.NextDue;
        long nanoseconds = Math.Min(due, Math.Min(_deadline, _nextTick)) - _now;
        return (int)Math.Max(0, (nanoseconds + Clock.Millisecond - 1) / Clock.Millisecond);
    }

    private void Attend(LoadConnection client, Interest ready)
    {
        if (client.Stage == Stage.Connecting)
        {
            FinishConnecting(client);
            return;
        }

        if ((ready & Interest.Read) != 0 && client.Stage != Stage.Closed)
            Receive(client);
        if ((ready & Interest.Write) != 0 && client.Stage == Stage.Talking)
            Continue(client);
    }

    private void FinishConnecting(LoadConnection client)
    {
        Fault fault = Dialer.Finish(client.Socket);
        if (fault != Fault.None)
        {
            Fail(client, fault);
            return;
        }

        client.Stage = Stage.Talking;
        Connected++;
        _connecting--;
        Update(client);
    }

    private void Receive(LoadConnection client)
    {
        Fault fault = client.Receive(_buffer);
        _now = Clock.Now;
        client.LastProgress = _now;
        while (client.TryFinish(out long start))
        {
            Latency.Record(_now - start);
            _end = _now;
            if (_sending)
                _pace.Echoed(client, _now);
        }

        if (fault == Fault.ClosedEarly && client.Stage == Stage.Ending)
            Close(client);
        else if (fault != Fault.None)
            Fail(client, fault);
        else if (client.Stage == Stage.Talking)
            Continue(client);
    }

    /// <summary>Sends what there is to send; ends the stream when nothing more will come.</summary>
    private void Continue(LoadConnection client)
    {
        if (_begin != 0 && !client.IsWaiting && (!_sending || client.Granted == client.Limit))
        {
            End(client);
            return;
        }

        Fault fault = client.Send();
        if (fault == Fault.None)
            Update(client);
        else
            Fail(client, fault);
    }

    private void Release()
    {
        while (_pace.TryRelease(_now, out LoadConnection client))
        {
            if (client.Stage == Stage.Talking)
                Continue(client);
        }
    }

    private void StopSending()
    {
        _sending = false;
        _deadline = Clock.Never;
        _end = _now;
        foreach (LoadConnection? client in _clients)
        {
            if (client is { Stage: Stage.Talking, IsWaiting: false })
                End(client);
        }
    }

    /// <summary>Half-closes: what the server sends from here on is its own end of stream, or too much.</summary>
    private void End(LoadConnection client)
    {
        client.Stage = Stage.Ending;
        client.LastProgress = _now;
        Fault fault = client.EndStream();
        if (fault == Fault.None)
            Update(client);
        else
            Fail(client, fault);
    }

    private void Tick()
    {
        _nextTick = _now + _tick;
        foreach (LoadConnection? client in _clients)
        {
            if (client?.TimedOut(_now - _timeout) is { } fault and not Fault.None)
                Fail(client, fault);
        }

        if (progress.IsShown)
            progress.Show(ClientReport.Progress(this, options, _begin == 0 ? 0 : _now - _begin));
    }

    private void Fail(LoadConnection client, Fault fault)
    {
        Faults.Add(fault, client);
        Close(client);
    }

    private void Close(LoadConnection client)
    {
        if (client.Stage == Stage.Connecting)
            _connecting--;

        client.Stage = Stage.Closed;
        _open--;
        selector.Remove(client.Socket);
        client.Socket.Dispose();
    }

    private void Update(LoadConnection client)
    {
        Interest now = client.Interest;
        if (now == client.Told)
            return;

        client.Told = now;
        selector.Modify(client.Socket, now, client.Token);
    }
}
