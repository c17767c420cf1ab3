using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>epoll(7): the kernel keeps the list; each socket is handed over once, and a wait returns only those that are ready.</summary>
internal sealed class EpollSelector : ISelector
{
    private readonly LinuxKernel _kernel;
    private readonly uint _mode;
    private readonly FileDescriptor _epoll;
    private readonly Waker _waker;
    private readonly EpollEvents _change = new(capacity: 1);
    private readonly EpollEvents _events = new(capacity: 512);
    private readonly ReadyEvent[] _ready = new ReadyEvent[512];

    /// <param name="kernel">Makes the calls.</param>
    /// <param name="edgeTriggered">Whether a socket is returned only when it becomes ready, and not as long as it is.</param>
    public EpollSelector(LinuxKernel kernel, bool edgeTriggered = false)
    {
        _kernel = kernel;
        _mode = edgeTriggered ? Libc.EPOLLET : 0;
        _epoll = kernel.EpollCreate();
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

    public void Add(SocketHandle socket, Interest interest) => Control(Libc.EPOLL_CTL_ADD, socket, interest);

    public void Modify(SocketHandle socket, Interest interest) => Control(Libc.EPOLL_CTL_MOD, socket, interest);

    public void Remove(SocketHandle socket) => Control(Libc.EPOLL_CTL_DEL, socket, Interest.None);

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        int found = _kernel.EpollWait(_epoll, _events, milliseconds);
        int count = 0;
        for (int i = 0; i < found; i++)
        {
            (uint mask, ulong data) = _events[i];
            Token token = Token.FromValue(data);
            if (token == Token.Waker)
                _waker.Reset();
            else
                _ready[count++] = new ReadyEvent(token, Ready(mask));
        }

        return _ready.AsSpan(0, count);
    }

    public void Wake() => _waker.Wake();

    public void Dispose()
    {
        _waker?.Dispose();
        _kernel.Close(_epoll);
    }

    private void Control(int operation, SocketHandle socket, Interest interest)
    {
        _change[0] = (Mask(interest) | _mode, socket.Token.Value);
        _kernel.EpollControl(_epoll, operation, socket, _change);
    }

    private static uint Mask(Interest interest) =>
        ((interest & Interest.Read) != 0 ? Libc.EPOLLIN : 0)
        | ((interest & Interest.Write) != 0 ? Libc.EPOLLOUT : 0)
        | ((interest & Interest.EndOrUrgent) != 0 ? Libc.EPOLLRDHUP | Libc.EPOLLPRI : 0);

    private static Interest Ready(uint mask)
    {
        if ((mask & (Libc.EPOLLERR | Libc.EPOLLHUP)) != 0)
            return Interest.Read | Interest.Write | Interest.EndOrUrgent;

        return ((mask & Libc.EPOLLIN) != 0 ? Interest.Read : 0)
            | ((mask & Libc.EPOLLOUT) != 0 ? Interest.Write : 0)
            | ((mask & (Libc.EPOLLRDHUP | Libc.EPOLLPRI)) != 0 ? Interest.EndOrUrgent : 0);
    }
}
