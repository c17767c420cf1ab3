using System.Buffers.Binary;

namespace EchoModels.Tests.Support;

/// <summary>Checks one connection byte by byte: what was sent must come back, in order, once, and to the same client.</summary>
/// <remarks>
/// Each connection sends a pseudo-random stream of its own, so that a byte which is lost, duplicated, moved or sent to another
/// client is found. Any part of the stream can be computed from seed, connection and offset; nothing is stored.
/// </remarks>
internal sealed class StreamCheck(int seed, int connection)
{
    private const int Window = 12;
    private const int SearchAround = 256 * 1024;
    private const int SearchConnections = 64;

    private byte[] _out = [];
    private byte[] _expected = [];

    /// <summary>Bytes that the kernel took from the client.</summary>
    public long Sent { get; private set; }

    /// <summary>Bytes that came back, each checked.</summary>
    public long Received { get; private set; }

    public long Missing => Sent - Received;

    /// <summary>The next bytes to send.</summary>
    public ReadOnlySpan<byte> Next(int count)
    {
        if (_out.Length < count)
            _out = new byte[count];

        Fill(seed, connection, Sent, _out.AsSpan(0, count));
        return _out.AsSpan(0, count);
    }

    /// <summary>Notes that so many of them were sent.</summary>
    public void MarkSent(int count) => Sent += count;

    /// <summary>Checks what came back.</summary>
    public void AssertNext(ReadOnlySpan<byte> received)
    {
        if (_expected.Length < received.Length)
            _expected = new byte[received.Length];

        Span<byte> expected = _expected.AsSpan(0, received.Length);
        Fill(seed, connection, Received, expected);
        int same = received.CommonPrefixLength(expected);
        if (same < received.Length)
            throw new StreamCheckException($"{Name(Received + same)}: {Diagnose(received[same..], Received + same)}");

        if (Received + received.Length > Sent)
            throw new StreamCheckException($"{Name(Sent)}: {Received + received.Length - Sent} bytes came back that were never sent");

        Received += received.Length;
    }

    /// <summary>Fails unless everything came back.</summary>
    public void AssertAllReturned()
    {
        if (Missing != 0)
            throw new StreamCheckException($"{Name(Received)}: {Missing} of {Sent} bytes never came back");
    }

    public override string ToString() => $"seed {seed}, connection {connection}, sent {Sent}, received {Received}";

    /// <summary>Writes a part of a connection's stream.</summary>
    public static void Fill(int seed, int connection, long offset, Span<byte> bytes)
    {
        Span<byte> block = stackalloc byte[sizeof(ulong)];
        ulong stream = Mix(((ulong)(uint)seed << 32) | (uint)connection);
        for (int done = 0; done < bytes.Length;)
        {
            int within = (int)((offset + done) % sizeof(ulong));
            BinaryPrimitives.WriteUInt64LittleEndian(block, Mix(stream + (ulong)((offset + done) / sizeof(ulong))));
            int count = Math.Min(sizeof(ulong) - within, bytes.Length - done);
            block.Slice(within, count).CopyTo(bytes[done..]);
            done += count;
        }
    }

    private string Name(long offset) => $"seed {seed}, connection {connection}, offset {offset}";

    private string Diagnose(ReadOnlySpan<byte> wrong, long offset)
    {
        ReadOnlySpan<byte> window = wrong[..Math.Min(Window, wrong.Length)];
        if (Find(connection, offset, window) is { } found)
            return found > offset ? $"{found - offset} bytes are lost or moved" : $"{offset - found} bytes are duplicated or moved";

        for (int other = 0; other < SearchConnections; other++)
        {
            if (other != connection && Find(other, offset, window) is { } offsetOfOther)
                return $"bytes of connection {other}, offset {offsetOfOther}";
        }

        return $"wrong bytes {Convert.ToHexString(window)}";
    }

    /// <summary>Where in a connection's stream these bytes are; null if they are not there, or are too few to tell.</summary>
    private long? Find(int owner, long around, ReadOnlySpan<byte> window)
    {
        if (window.Length < 4)
            return null;

        long start = Math.Max(0, around - SearchAround);
        byte[] stream = new byte[2 * SearchAround];
        Fill(seed, owner, start, stream);
        int found = stream.AsSpan().IndexOf(window);
        return found < 0 ? null : start + found;
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}

/// <summary>A byte that came back is wrong, or one is missing.</summary>
internal sealed class StreamCheckException(string message) : Exception(message);
