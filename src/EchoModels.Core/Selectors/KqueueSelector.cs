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

    private readonly IKernel _kernel;
    private readonly FileDescriptor _queue;
    private readonly Waker _waker;
    private readonly byte[] _changes = GC.AllocateArray<byte>(2 * KernelEvent.Size, pinned: true);
    private readonly byte[] _events = GC.AllocateArray<byte>(Capacity * KernelEvent.Size, pinned: true);
    private readonly ReadyEvent[] _ready = new ReadyEvent[Capacity];

    public KqueueSelector(IKernel kernel)
    {
        _kernel = kernel;
        _queue = new FileDescriptor(Kqueue.Create());
        if (_queue.IsInvalid)
            throw Errno.Failure("kqueue");

        try
        {
            _waker = new Waker(kernel);
            Add(_waker.Socket, Interest.Read);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Add(SocketHandle socket, Interest interest) => Change(socket, Kqueue.EV_ADD, interest);

    public void Modify(SocketHandle socket, Interest interest) => Change(socket, Kqueue.EV_ADD, interest);

    public void Remove(SocketHandle socket) => Change(socket, Kqueue.EV_DELETE, Interest.None);

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        TimeSpecification limit = new() { Seconds = milliseconds / 1000, Nanoseconds = milliseconds % 1000 * 1_000_000 };
        Call call = new(SystemCall.KernelEvent);
        _kernel.Observer.Began(in call);
        int found;
        fixed (byte* events = _events)
            found = Kqueue.Event(_queue, null, 0, events, Capacity, milliseconds < 0 ? null : &limit);

        int errno = found < 0 ? Marshal.GetLastPInvokeError() : 0;
        _kernel.Observer.Ended(in call, found, errno);
        if (found < 0)
            return errno == Errno.EINTR ? [] : throw Errno.Failure("kevent", errno);

        int count = 0;
        for (int i = 0; i < found; i++)
        {
            KernelEvent happened = Unsafe.ReadUnaligned<KernelEvent>(ref _events[i * KernelEvent.Size]);
            Token token = Token.FromValue(happened.UserData);
            if (token == Token.Waker)
                _waker.Reset();
            else
                _ready[count++] = new ReadyEvent(token, happened.Filter == Kqueue.EVFILT_READ ? Interest.Read : Interest.Write);
        }

        return _ready.AsSpan(0, count);
    }

    public void Wake() => _waker.Wake();

    public void Dispose()
    {
        _waker?.Dispose();
        Call call = new(SystemCall.Close, new SocketHandle((int)_queue.DangerousGetHandle()));
        _kernel.Observer.Began(in call);
        _queue.Dispose();
        _kernel.Observer.Ended(in call, 0, 0);
    }

    private void Change(SocketHandle socket, ushort action, Interest interest)
    {
        Put(0, socket, Kqueue.EVFILT_READ, action, (interest & Interest.Read) != 0);
        Put(1, socket, Kqueue.EVFILT_WRITE, action, (interest & Interest.Write) != 0);
        fixed (byte* changes = _changes)
        {
            if (Kqueue.Event(_queue, changes, 2, null, 0, null) < 0)
                throw Errno.Failure("kevent");
        }
    }

    private void Put(int index, SocketHandle socket, short filter, ushort action, bool isOn)
    {
        KernelEvent change = new()
        {
            Identifier = socket.Number,
            Filter = filter,
            Flags = (ushort)(action | (isOn ? Kqueue.EV_ENABLE : Kqueue.EV_DISABLE)),
            UserData = socket.Token.Value,
        };
        Unsafe.WriteUnaligned(ref _changes[index * KernelEvent.Size], change);
    }
}
