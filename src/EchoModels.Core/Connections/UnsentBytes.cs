namespace EchoModels.Connections;

/// <summary>A copy of the bytes that a short send has left; without any, no memory is held.</summary>
internal struct UnsentBytes(byte[] bytes)
{
    private byte[] _bytes = bytes;
    private int _sent = 0;

    public readonly bool Any => _sent < _bytes.Length;

    public readonly ReadOnlyMemory<byte> Memory => _bytes.AsMemory(_sent);

    /// <summary>Keeps a copy of more bytes, to be sent after those that are there.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => (_bytes, _sent) = (Any ? [.. Memory.Span, .. bytes] : bytes.ToArray(), 0);

    /// <summary>So many of them have been sent.</summary>
    public void Consume(int count)
    {
        _sent += count;
        if (!Any)
            (_bytes, _sent) = ([], 0);
    }
}
