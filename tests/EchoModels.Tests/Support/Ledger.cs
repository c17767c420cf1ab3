using System.Buffers.Binary;

namespace EchoModels.Tests.Support;

/// <summary>Keeps account of one connection, byte for byte: what was sent must come back, in order, once, and to the same client.</summary>
/// <remarks>
/// Each connection says a pseudo-random stream of its own, so that a byte which is lost, doubled, moved or given to a stranger
/// cannot look right. Any part of the stream can be computed from seed, connection and offset; nothing is stored.
/// </remarks>
internal sealed class Ledger(int seed, int connection)
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

    /// <summary>The next bytes to say.</summary>
    public ReadOnlySpan<byte> Next(int count)
    {
        if (_out.Length < count)
            _out = new byte[count];

        Fill(seed, connection, Sent, _out.AsSpan(0, count));
        return _out.AsSpan(0, count);
    }

    /// <summary>So many of them went out.</summary>
    public void Took(int count) => Sent += count;

    /// <summary>Checks what came back.</summary>
    public void Check(ReadOnlySpan<byte> got)
    {
        if (_expected.Length < got.Length)
            _expected = new byte[got.Length];

        Span<byte> expected = _expected.AsSpan(0, got.Length);
        Fill(seed, connection, Received, expected);
        int same = got.CommonPrefixLength(expected);
        if (same < got.Length)
            throw new LedgerException($"{Name(Received + same)}: {Diagnose(got[same..], Received + same)}");

        if (Received + got.Length > Sent)
            throw new LedgerException($"{Name(Sent)}: {Received + got.Length - Sent} bytes came back that were never sent");

        Received += got.Length;
    }

    /// <summary>Demands that all came back.</summary>
    public void Settle()
    {
        if (Missing != 0)
            throw new LedgerException($"{Name(Received)}: {Missing} of {Sent} bytes never came back");
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
        if (Find(connection, offset, window) is { } place)
            return place > offset ? $"{place - offset} bytes are lost or moved" : $"{offset - place} bytes are doubled or moved";

        for (int other = 0; other < SearchConnections; other++)
        {
            if (other != connection && Find(other, offset, window) is { } strange)
                return $"bytes of connection {other}, offset {strange}";
        }

        return $"wrong bytes {Convert.ToHexString(window)}";
    }

    /// <summary>Where in a connection's stream these bytes are, if they are there at all; too few bytes are found everywhere.</summary>
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

/// <summary>The account does not balance.</summary>
internal sealed class LedgerException(string message) : Exception(message);
