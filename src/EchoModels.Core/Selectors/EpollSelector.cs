using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>epoll(7): the kernel keeps the list; each socket is handed over once, and a wait returns only those that are ready.</summary>
internal sealed class EpollSelector : ISelector
{
    private readonly uint _mode;
    private readonly FileDescriptor _epoll = Libc.EpollCreate(Libc.EPOLL_CLOEXEC);
    private readonly Waker _waker;
    private readonly EpollEvents _change = new(capacity: 1);
    private readonly EpollEvents _events = new(capacity: 512);
    private readonly ReadyEvent[] _ready = new ReadyEvent[512];

    /// <param name="edgeTriggered">Whether a socket is told only when it becomes ready, and not as long as it is.</param>
    public EpollSelector(bool edgeTriggered = false)
    {
        _mode = edgeTriggered ? Libc.EPOLLET : 0;
        if (_epoll.IsInvalid)
            throw Errno.Failure("epoll_create1");

        try
        {
            _waker = new Waker();
            Add(_waker.Socket, Interest.Read, Waker.Token);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public bool TellsKernel => true;

    public void Add(Socket socket, Interest interest, Token token) => Control(Libc.EPOLL_CTL_ADD, socket, interest, token);

    public void Modify(Socket socket, Interest interest, Token token) => Control(Libc.EPOLL_CTL_MOD, socket, interest, token);

    public void Remove(Socket socket) => Control(Libc.EPOLL_CTL_DEL, socket, Interest.None, default);

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        int found = Libc.EpollWait(_epoll, ref _events.First, _events.Capacity, milliseconds);
        if (found < 0)
            return Marshal.GetLastPInvokeError() == Errno.EINTR ? [] : throw Errno.Failure("epoll_wait");

        int count = 0;
        for (int i = 0; i < found; i++)
        {
            (uint mask, ulong data) = _events[i];
            Token token = Token.FromValue(data);
            if (token == Waker.Token)
                _waker.Reset();
            else
                _ready[count++] = new ReadyEvent(token, Ready(mask));
        }

        return _ready.AsSpan(0, count);
    }

    public bool Wake() => _waker.Wake();

    public void Dispose()
    {
        _waker?.Dispose();
        _epoll.Dispose();
    }

    private void Control(int operation, Socket socket, Interest interest, Token token)
    {
        _change[0] = (Mask(interest) | _mode, token.Value);
        if (Libc.EpollControl(_epoll, operation, socket.SafeHandle, ref _change.First) < 0)
            throw Errno.Failure("epoll_ctl");
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
