using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>Buffers for the kernel to choose from when bytes have come: an idle connection holds none.</summary>
/// <remarks>
/// The third ring: the program provides buffers, the kernel takes them, and each completion names the buffer taken. See
/// io_uring_register_buf_ring(3). Each is provided without the headroom that the reply needs before and after what is received.
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
    private readonly int _offset;
    private readonly uint _roomInEach;
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
        Span<byte> room = reply.Headroom(first);
        first.Overlaps(room, out _offset);

        // The kernel compares with the limit after each chunk: the last may exceed it by all but one byte. Together that is one buffer.
        ReceiveLimit = settings.Multishot && reply.AddedBytes == 0 ? MultishotLimit : 0;
        _roomInEach = (uint)room.Length - ReceiveLimit;
        Register();
        for (int buffer = 0; buffer < _count; buffer++)
            Provide(buffer);
    }

    /// <summary>How many the kernel may take.</summary>
    public int Free { get; private set; }

    /// <summary>A request to receive ends when it has brought so many bytes; 0 if it is to end with the first chunk.</summary>
    /// <remarks>
    /// The next is made when all of them went out. However little a client reads, and however much it sends meanwhile, at most one buffer is
    /// unsent. Where the reply is longer than the chunk, each chunk has a request of its own.
    /// </remarks>
    public uint ReceiveLimit { get; }

    /// <summary>A whole buffer, with the headroom for the reply.</summary>
    public Span<byte> this[int buffer] => new((void*)Address(buffer), BufferSize);

    public nint Address(int buffer) => _buffers + ((nint)buffer * BufferSize);

    /// <summary>The kernel has taken one.</summary>
    public void OnTaken() => Free--;

    /// <summary>Provides one to the kernel.</summary>
    public void Provide(int buffer)
    {
        BufferEntry* entry = _entries + (_tail & (_count - 1));
        entry->Address = Address(buffer) + _offset;
        entry->Length = _roomInEach;
        entry->Id = (ushort)buffer;
        Volatile.Write(ref _entries->Tail, ++_tail);
        Free++;
    }

    /// <summary>Frees the memory, after the ring has been closed.</summary>
    public void Dispose()
    {
        // After a failure within a failure the kernel may still work on a request: it must not write into memory that is used otherwise.
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
