using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>kqueue(2), for macOS and FreeBSD: as epoll, with reading and writing as two filters that are switched on and off.</summary>
/// <remarks>Compiled everywhere, and run only there.</remarks>
internal sealed unsafe class KqueueSelector : ISelector
{
    private const int Capacity = 512;

    private readonly FileDescriptor _queue;
    private readonly Waker _waker;
    private readonly byte[] _changes = GC.AllocateArray<byte>(2 * KernelEvent.Size, pinned: true);
    private readonly byte[] _events = GC.AllocateArray<byte>(Capacity * KernelEvent.Size, pinned: true);
    private readonly ReadyEvent[] _ready = new ReadyEvent[Capacity];

    public KqueueSelector()
    {
        if (!OperatingSystem.IsMacOS() && !OperatingSystem.IsFreeBSD())
            throw new IOException("kqueue: only macOS and FreeBSD have it");

        _queue = Kqueue.Create();
        if (_queue.IsInvalid)
            throw Errno.Failure("kqueue");

        _waker = new Waker();
        Add(_waker.Socket, Interest.Read, Waker.Token);
    }

    public bool TellsKernel => true;

    public void Add(Socket socket, Interest interest, Token token) => Change(socket, Kqueue.EV_ADD, interest, token);

    public void Modify(Socket socket, Interest interest, Token token) => Change(socket, Kqueue.EV_ADD, interest, token);

    public void Remove(Socket socket) => Change(socket, Kqueue.EV_DELETE, Interest.None, default);

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        TimeSpecification limit = new() { Seconds = milliseconds / 1000, Nanoseconds = milliseconds % 1000 * 1_000_000 };
        int found;
        fixed (byte* events = _events)
            found = Kqueue.Event(_queue, null, 0, events, Capacity, milliseconds < 0 ? null : &limit);

        if (found < 0)
            return Marshal.GetLastPInvokeError() == Errno.EINTR ? [] : throw Errno.Failure("kevent");

        int count = 0;
        for (int i = 0; i < found; i++)
        {
            KernelEvent happened = Unsafe.ReadUnaligned<KernelEvent>(ref _events[i * KernelEvent.Size]);
            Token token = Token.FromValue(happened.UserData);
            if (token == Waker.Token)
                _waker.Reset();
            else
                _ready[count++] = new ReadyEvent(token, happened.Filter == Kqueue.EVFILT_READ ? Interest.Read : Interest.Write);
        }

        return _ready.AsSpan(0, count);
    }

    public bool Wake() => _waker.Wake();

    public void Dispose()
    {
        _waker.Dispose();
        _queue.Dispose();
    }

    private void Change(Socket socket, ushort action, Interest interest, Token token)
    {
        Put(0, socket, Kqueue.EVFILT_READ, action, (interest & Interest.Read) != 0, token);
        Put(1, socket, Kqueue.EVFILT_WRITE, action, (interest & Interest.Write) != 0, token);
        fixed (byte* changes = _changes)
        {
            if (Kqueue.Event(_queue, changes, 2, null, 0, null) < 0)
                throw Errno.Failure("kevent");
        }
    }

    private void Put(int index, Socket socket, short filter, ushort action, bool isOn, Token token)
    {
        KernelEvent change = new()
        {
            Identifier = socket.Handle,
            Filter = filter,
            Flags = (ushort)(action | (isOn ? Kqueue.EV_ENABLE : Kqueue.EV_DISABLE)),
            UserData = token.Value,
        };
        Unsafe.WriteUnaligned(ref _changes[index * KernelEvent.Size], change);
    }
}
