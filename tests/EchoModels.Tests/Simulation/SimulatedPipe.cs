namespace EchoModels.Tests.Simulation;

/// <summary>One direction of a connection: bytes under way in segments, bytes that have arrived, and the FIN behind the last one.</summary>
/// <remarks>Both queues are bounded. While the receiver does not read, nothing arrives; then the sender's queue fills up.</remarks>
internal sealed class SimulatedPipe
{
    private readonly SimulatedNetwork _network;
    private readonly Action _deliver;
    private byte[] _bytes = new byte[512];
    private int _first;
    private bool _isDelivering;
    private bool _isEnded;
    private bool _isBroken;

    public SimulatedPipe(SimulatedNetwork network)
    {
        _network = network;
        _deliver = Deliver;
    }

    /// <summary>Raised when bytes have arrived, or the end, or both in one segment.</summary>
    public event Action? Arrival;

    /// <summary>Raised when the sender's queue has become shorter.</summary>
    public event Action? Departure;

    /// <summary>Bytes that can be read.</summary>
    public int Arrived { get; private set; }

    /// <summary>Bytes that the receiver's kernel does not have yet.</summary>
    public int UnderWay { get; private set; }

    /// <summary>Whether the end of the stream is behind the bytes that have arrived.</summary>
    public bool EndArrived { get; private set; }

    /// <summary>Bytes that the sender's queue would take.</summary>
    public int Room => _network.SendQueue - UnderWay;

    /// <summary>Whether the sender is told that there is room: Linux wants a third of the queue free (sk_stream_is_writeable).</summary>
    public bool IsWritable => Room > 0 && Room >= UnderWay / 2;

    /// <summary>Takes as many bytes as there is room for.</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, Room);
        Reserve(count);
        bytes[..count].CopyTo(_bytes.AsSpan(_first + Arrived + UnderWay));
        UnderWay += count;
        Continue();
        return count;
    }

    /// <summary>Gives as many bytes as have arrived.</summary>
    public int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, Arrived);
        _bytes.AsSpan(_first, count).CopyTo(buffer);
        _first += count;
        Arrived -= count;
        Continue(); // there is room for what the sender was told to keep
        return count;
    }

    /// <summary>Sends a FIN behind the last byte.</summary>
    public void End()
    {
        _isEnded = true;
        Continue();
    }

    /// <summary>The connection is reset: what is under way is lost, what has arrived can still be read, as on Linux.</summary>
    public void Break()
    {
        _isBroken = true;
        UnderWay = 0;
    }

    private void Continue()
    {
        bool canDeliver = UnderWay > 0 ? Arrived < _network.ReceiveQueue : _isEnded && !EndArrived;
        if (!canDeliver || _isDelivering || _isBroken)
            return;

        _isDelivering = true;
        _network.AfterDelay(_deliver);
    }

    private void Deliver()
    {
        _isDelivering = false;
        if (_isBroken)
            return;

        int most = Math.Min(UnderWay, _network.ReceiveQueue - Arrived);
        int count = Math.Min(most, _network.Chance.Between(_network.Segment / 2, _network.Segment));
        Arrived += count;
        UnderWay -= count;
        if (UnderWay == 0 && _isEnded)
            DeliverEnd(withData: count > 0);

        Arrival?.Invoke();
        if (count > 0)
            Departure?.Invoke();

        Continue();
    }

    /// <summary>A FIN that is sent by now comes in the segment with the last bytes, or in one of its own.</summary>
    private void DeliverEnd(bool withData)
    {
        if (withData && _network.Chance.OneIn(2))
            return;

        EndArrived = true;
        if (withData)
            _network.Faults.Count(SimulatedFault.EndWithData);
    }

    private void Reserve(int count)
    {
        int used = Arrived + UnderWay;
        if (_first + used + count <= _bytes.Length)
            return;

        byte[] larger = used + count <= _bytes.Length ? _bytes : new byte[Math.Max(2 * _bytes.Length, used + count)];
        _bytes.AsSpan(_first, used).CopyTo(larger);
        (_bytes, _first) = (larger, 0);
    }
}
