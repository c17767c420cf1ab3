using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <summary>The sockets by their tokens: one read of an array, and never another socket under an old token.</summary>
/// <remarks>Any thread may add, remove and find. A slot is used again; its next token is of the next generation.</remarks>
public sealed class SlotTable
{
    /// <summary>Bytes that memory is fetched by.</summary>
    private const int CacheLine = 64;

    /// <summary>So many hold what one step of a connection reads.</summary>
    private const int LinesPerSocket = 3;

    private readonly Stack<Token> _free = new();
    private readonly Lock _gate = new();
    private EventSource?[] _slots = new EventSource?[64];
    private int _used;
    private int _connections;

    /// <summary>How many of the sockets are connections.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The socket of this token; null if it has been removed since.</summary>
    public EventSource? Find(Token token)
    {
        EventSource?[] slots = _slots;
        EventSource? found = (uint)token.Slot < (uint)slots.Length ? slots[token.Slot] : null;
        return found?.Token == token ? found : null;
    }

    /// <summary>Has the processor bring a socket's fields into its cache, and does not wait for them.</summary>
    internal void Prefetch(Token token) => Prefetch(_slots, token.Slot);

    private static unsafe void Prefetch(EventSource?[] slots, int slot)
    {
        if (!Sse.IsSupported || (uint)slot >= (uint)slots.Length)
            return;

        // An address that is out of date when it is used, since the collector has moved the object, does no harm: it is a hint.
        EventSource? socket = slots[slot];
        nint address = Unsafe.As<EventSource?, nint>(ref socket);
        for (int line = 0; line < LinesPerSocket; line++)
            Sse.Prefetch0((void*)(address + (line * CacheLine)));
    }

    /// <summary>Gives a socket its token.</summary>
    internal void Add(EventSource socket)
    {
        lock (_gate)
        {
            if (!_free.TryPop(out Token token))
                token = new Token(_used++, 0);

            if (token.Slot == _slots.Length)
                Array.Resize(ref _slots, _slots.Length * 2);

            socket.Socket = socket.Socket with { Token = token };
            _slots[token.Slot] = socket;
            _connections += socket is Connection ? 1 : 0;
        }
    }

    /// <summary>Removes a socket; its token is never given again.</summary>
    /// <returns>False if it has been removed before.</returns>
    internal bool Remove(EventSource socket)
    {
        lock (_gate)
        {
            if (_slots[socket.Token.Slot] != socket)
                return false;

            _slots[socket.Token.Slot] = null;
            _free.Push(socket.Token with { Generation = socket.Token.Generation + 1 });
            _connections -= socket is Connection ? 1 : 0;
            return true;
        }
    }

    /// <summary>Walks the connections; those that come or go meanwhile may or may not be seen.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>A position on that walk.</summary>
    public struct Enumerator(SlotTable table)
    {
        private int _next;

        public Connection Current { get; private set; } = null!;

        public bool MoveNext()
        {
            EventSource?[] slots = table._slots;
            while (_next < slots.Length)
            {
                if (slots[_next++] is not Connection connection)
                    continue;

                Prefetch(slots, _next);
                Current = connection;
                return true;
            }

            return false;
        }
    }
}
