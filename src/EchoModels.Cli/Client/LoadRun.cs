using System.Net;
using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>All clients on one thread: sleep until some of their sockets are ready, attend to those, sleep again.</summary>
/// <remarks>The load is itself a reactor, on the selectors of the servers it drives. It ends when the last conversation is over.</remarks>
internal sealed class LoadRun : IDisposable
{
    /// <summary>How long before an exact due time sleeping ends and asking again and again begins: a sleep ends late by up to a millisecond.</summary>
    private const long Vigil = 2 * Clock.Millisecond;

    private readonly ClientOptions _options;
    private readonly ISelector _selector;
    private readonly ProgressLine _progress;
    private readonly ClientSet _clients;
    private readonly Dialer _dialer;
    private readonly Pace _pace;
    private readonly byte[] _buffer = new byte[Pattern.LongestPiece];
    private readonly long _timeout;
    private readonly long _tick;

    private volatile bool _interrupted;
    private bool _begun;
    private bool _sending;
    private long _now = Clock.Now;
    private long _nextTick;
    private long _begin;
    private long _deadline = Clock.Never;
    private long _end;

    public LoadRun(ClientOptions options, ISelector selector, ISocketIo io, ProgressLine progress)
    {
        (_options, _selector, _progress) = (options, selector, progress);
        Faults = new Faults(options);
        _clients = new ClientSet(options.Connections, selector, Faults);
        _dialer = new Dialer(options, io, _clients, Faults);
        _pace = Pace.For(options);
        _timeout = Clock.From(options.Timeout);
        _tick = Math.Clamp(_timeout / 8, Clock.Millisecond, Clock.Second / 4);
    }

    public Faults Faults { get; }

    /// <summary>How long each message was under way, in nanoseconds.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Clients that had a connection.</summary>
    public int Connected => _clients.Connected;

    /// <summary>Bytes that came back.</summary>
    public long Bytes => _clients.Received;

    /// <summary>From the first message to the last echo, or to the end of sending if that was later.</summary>
    public double Seconds => (double)(_end - _begin) / Clock.Second;

    /// <summary>Ends the run early, from any thread: no more messages, but the echoes under way are waited for.</summary>
    public void Interrupt()
    {
        _interrupted = true;
        _selector.Wake();
    }

    /// <exception cref="IOException">The selector fails.</exception>
    public void Run()
    {
        while ((_dialer.HasMore || _clients.Connecting > 0) && !_interrupted)
        {
            _dialer.DialSome(_now = Clock.Now);
            Turn();
        }

        _dialer.Stop();
        Begin();
        while (_clients.Open > 0)
        {
            Turn();
            if (_sending)
                Release();
            if (_sending && (_interrupted || _now >= _deadline))
                StopSending();
        }

        _progress.Clear();
    }

    /// <summary>Has the runtime compile what the clients will run, so that the first messages do not wait for that.</summary>
    /// <remarks>The partner is the smallest echo server there is: a datagram socket that is connected to itself.</remarks>
    public static void Rehearse(ClientOptions options, ISelector selector, ISocketIo io)
    {
        const int Messages = 40;
        ClientOptions little = options with { Connections = 1, Messages = Messages, Duration = null, Size = 1, Pipeline = 1, Rate = null, Think = default };
        using LoadRun rehearsal = new(little, selector, io, ProgressLine.None);

        Socket mirror = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        mirror.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        mirror.Connect(mirror.LocalEndPoint!);
        mirror.Blocking = false;
        rehearsal._dialer.Stop();
        rehearsal._clients.Join(new LoadConnection(0, mirror, io, little) { LastProgress = rehearsal._now });
        rehearsal.Turn();
        rehearsal.Begin();

        // A datagram socket knows no end of stream: it is left before the last message.
        long patience = rehearsal._now + (Clock.Second / 4);
        while (rehearsal.Latency.Count < Messages - 1 && rehearsal._now < patience)
            rehearsal.Turn();
    }

    public void Dispose() => _clients.Dispose();

    private void Begin()
    {
        foreach (LoadConnection late in _clients.In(Stage.Connecting))
            _clients.Close(late);

        List<LoadConnection> talking = [.. _clients.In(Stage.Talking)];
        _begin = _end = _now = Clock.Now;
        _deadline = _options.Duration is { } duration ? _begin + Clock.From(duration) : Clock.Never;
        _begun = _sending = true;
        _pace.Begin(talking, _now);
        talking.ForEach(Continue);
    }

    private void Turn()
    {
        int sleep = SleepMilliseconds();
        ReadOnlySpan<ReadyEvent> events = _selector.Wait(sleep);
        _now = Clock.Now;
        if (events.IsEmpty && sleep == 0)
            Thread.Yield(); // keeping watch must not take the processor from a server that shares it

        foreach (ReadyEvent ready in events)
        {
            if (_clients.Find(ready.Token) is { } client)
                Attend(client, ready.Ready);
        }

        if (_now >= _nextTick)
            Tick();
    }

    private int SleepMilliseconds()
    {
        if (_dialer.HasMore)
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
        Fault fault = Handshake.Finish(client.Socket);
        if (fault == Fault.None)
            _clients.Welcome(client);
        else
            _clients.Fail(client, fault);
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
            _clients.Close(client);
        else if (fault != Fault.None)
            _clients.Fail(client, fault);
        else if (client.Stage == Stage.Talking)
            Continue(client);
    }

    /// <summary>Sends what there is to send; ends the stream when nothing more will come.</summary>
    private void Continue(LoadConnection client)
    {
        if (_begun && !client.IsWaiting && (!_sending || client.Granted == client.Limit))
        {
            _clients.End(client, _now);
            return;
        }

        Fault fault = client.Send();
        if (fault == Fault.None)
            _clients.Update(client);
        else
            _clients.Fail(client, fault);
    }

    /// <summary>Sends what has come due, and nothing that comes due after the end.</summary>
    private void Release()
    {
        while (_pace.TryRelease(Math.Min(_now, _deadline - 1), out LoadConnection client))
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
        foreach (LoadConnection client in _clients.In(Stage.Talking))
        {
            if (!client.IsWaiting)
                _clients.End(client, _now);
        }
    }

    private void Tick()
    {
        _nextTick = _now + _tick;
        _clients.TimeOut(_now - _timeout);
        if (_progress.IsShown)
            _progress.Show(ClientReport.Progress(this, _options, _begun ? _now - _begin : 0));
    }
}
