using EchoModels.Tests.Support;

namespace EchoModels.Tests.Simulation;

/// <summary>How a client ends its conversation.</summary>
internal enum ClientEnding
{
    /// <summary>It half-closes as soon as it has sent all.</summary>
    AtOnce,

    /// <summary>It half-closes when all has come back.</summary>
    AfterEcho,

    /// <summary>It resets the connection at some time.</summary>
    Reset,
}

/// <summary>A client that follows a script of its seed: it sends a stream of its own in pieces, reads quickly, slowly or late, and leaves.</summary>
/// <remarks>It only acts when something happens. So, when no event is under way, it waits for the server.</remarks>
internal sealed class SimulatedClient
{
    private readonly SimulatedNetwork _network;
    private readonly SimulatedListener _listener;
    private readonly SimulatedConnection _connection;
    private readonly ClientScript _script;
    private readonly StreamCheck _stream;
    private readonly Action _done;
    private readonly Action _send;
    private readonly Action _read;
    private readonly byte[] _buffer;
    private bool _isSending;
    private bool _isReading;
    private bool _mayRead;
    private bool _hasEnded;

    /// <param name="network">Where it is.</param>
    /// <param name="listener">Where it connects.</param>
    /// <param name="number">Which client it is.</param>
    /// <param name="done">Called when it has left.</param>
    public SimulatedClient(SimulatedNetwork network, SimulatedListener listener, int number, Action done)
    {
        (_network, _listener, _done, _send, _read) = (network, listener, done, Send, Read);
        _script = new ClientScript(network);
        _stream = new StreamCheck(network.Seed, number);
        _buffer = new byte[_script.ReadPiece];
        _mayRead = !_script.ReadsLate;
        _connection = new SimulatedConnection(network, number);
        _connection.Input.Departure += SendSoon;
        _connection.Output.Arrival += ReadSoon;

        int start = _script.Pause(_script.LongestStart);
        network.Time.After(start, Connect);
        if (_script.Ending == ClientEnding.Reset)
            network.Time.After(start + _script.Life, Reset);
    }

    /// <summary>Whether it has left.</summary>
    public bool IsDone { get; private set; }

    public override string ToString() => $"{_stream}, {_script}{(IsDone ? ", done" : "")}";

    private void Connect()
    {
        if (!IsDone && _listener.TryConnect(_connection, Connect))
            SendSoon();
    }

    private void SendSoon()
    {
        if (_isSending || _hasEnded || IsDone)
            return;

        _isSending = true;
        _network.Time.After(_script.Pause(_script.LongestPause), _send);
    }

    private void Send()
    {
        _isSending = false;
        if (IsDone)
            return;

        int piece = (int)Math.Min(_script.Piece, _script.Total - _stream.Sent);
        int taken = _connection.Input.Write(_stream.Next(piece));
        _stream.MarkSent(taken);
        HalfCloseIfDue();
        if (_stream.Sent == _script.Total)
            StartReading();
        else if (taken == piece)
            SendSoon();
        else if (!_mayRead)
            _network.Time.After(_script.Pause(ClientScript.LongestLateness), StartReading); // it would be stuck for good
    }

    private void HalfCloseIfDue()
    {
        if (_hasEnded || _stream.Sent < _script.Total || (_script.Ending == ClientEnding.AfterEcho && _stream.Missing > 0))
            return;

        _hasEnded = true;
        _connection.Input.End();
    }

    private void StartReading()
    {
        _mayRead = true;
        ReadSoon();
    }

    private void ReadSoon()
    {
        if (_isReading || !_mayRead || IsDone)
            return;

        _isReading = true;
        _network.Time.After(_script.Pause(_script.LongestReadPause), _read);
    }

    private void Read()
    {
        _isReading = false;
        if (IsDone)
            return;

        SimulatedPipe output = _connection.Output;
        int count = output.Read(_buffer);
        _stream.AssertNext(_buffer.AsSpan(0, count));
        HalfCloseIfDue();
        if (output.Arrived > 0)
            ReadSoon();
        else if (output.EndArrived)
            HearEnd();
    }

    private void HearEnd()
    {
        _stream.AssertAllReturned();
        if (!_hasEnded)
            throw new SimulationException($"{this}: the server has ended the stream before the client has");

        Leave();
    }

    private void Reset()
    {
        if (IsDone)
            return;

        Leave();
        _network.AfterDelay(_connection.Reset);
    }

    private void Leave()
    {
        IsDone = true;
        _done();
    }
}
