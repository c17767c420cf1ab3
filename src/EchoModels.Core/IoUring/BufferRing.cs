using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>Buffers for the kernel to choose from when bytes have come: an idle connection holds none.</summary>
/// <remarks>
/// The third ring: we give buffers in, the kernel takes them out, and each answer names the buffer taken. See
/// io_uring_register_buf_ring(3). Each is given with the room that the reply needs before and behind what is received.
/// </remarks>
internal sealed unsafe class BufferRing : IDisposable
{
    private const int BufferSize = Connection.BufferSize;
    private const uint MultishotLimit = 1024;

    private readonly Ring _ring;
    private readonly int _count;
    private readonly nuint _length;
    private readonly nint _buffers;
    private readonly BufferEntry* _entries;
    private readonly int _roomOffset;
    private readonly uint _roomLength;
    private ushort _tail;

    /// <exception cref="IOException">The kernel has no such rings (before Linux 5.19), or no memory.</exception>
    public BufferRing(Ring ring, RingSettings settings, Reply reply)
    {
        _ring = ring;
        _count = settings.Buffers;
        nuint entries = (nuint)(_count * sizeof(BufferEntry));
        entries = (entries + 4095) / 4096 * 4096;
        _length = entries + ((nuint)_count * BufferSize);
        const int Flags = Uring.MAP_PRIVATE | Uring.MAP_ANONYMOUS;
        nint memory = Uring.Map(0, _length, Uring.PROT_READ_WRITE, Flags, -1, 0);
        _entries = memory != -1 ? (BufferEntry*)memory : throw Errno.Failure("mmap");
        _buffers = memory + (nint)entries;

        Span<byte> first = this[0];
        Span<byte> room = reply.Room(first);
        first.Overlaps(room, out _roomOffset);

        // The limit is looked at after each chunk: the last may exceed it by all but one byte. Together it makes one buffer's worth.
        ReceiveLimit = settings.Multishot && reply.AddedBytes == 0 ? MultishotLimit : 0;
        _roomLength = (uint)room.Length - ReceiveLimit;
        Register();
        for (int buffer = 0; buffer < _count; buffer++)
            Give(buffer);
    }

    /// <summary>How many the kernel may take.</summary>
    public int Free { get; private set; }

    /// <summary>A request to receive ends when it has brought so many bytes; 0 if it is to end with the first chunk.</summary>
    /// <remarks>
    /// The next is made when all of them went out. However little a client reads, and however much it sends meanwhile, it is owed one
    /// buffer's worth at the most. Where chunks grow on the way, each is asked for by itself.
    /// </remarks>
    public uint ReceiveLimit { get; }

    /// <summary>A whole buffer, the room for the reply included.</summary>
    public Span<byte> this[int buffer] => new((void*)Address(buffer), BufferSize);

    public nint Address(int buffer) => _buffers + ((nint)buffer * BufferSize);

    /// <summary>Notes that the kernel has taken one.</summary>
    public void Took() => Free--;

    /// <summary>Gives one back to the kernel.</summary>
    public void Give(int buffer)
    {
        BufferEntry* entry = _entries + (_tail & (_count - 1));
        entry->Address = Address(buffer) + _roomOffset;
        entry->Length = _roomLength;
        entry->Id = (ushort)buffer;
        Volatile.Write(ref _entries->Tail, ++_tail);
        Free++;
    }

    /// <summary>Frees the memory; the ring has been closed, and knows it no more.</summary>
    public void Dispose()
    {
        // Should the kernel still work on a request, after a failure within a failure, it must not find the memory in other hands.
        if (_ring.InFlight == 0)
            _ = Uring.Unmap((nint)_entries, _length);
    }

    private void Register()
    {
        BufferRegistration registration = new() { Address = (nint)_entries, Entries = (uint)_count };
        try
        {
            _ring.Register(ref registration);
        }
        catch
        {
            _ = Uring.Unmap((nint)_entries, _length);
            throw;
        }
    }
}
