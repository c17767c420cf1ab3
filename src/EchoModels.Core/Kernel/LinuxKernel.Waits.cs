using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <content>The calls that wait for many sockets, each a few lines: select(2), poll(2), epoll(7), sigtimedwait(2).</content>
/// <remarks>A wait that a signal interrupts (EINTR) found nothing: 0.</remarks>
public sealed partial class LinuxKernel
{
    /// <summary>See select(2). The kernel writes its answer over the sets.</summary>
    internal unsafe int Select(int end, FdSet toRead, FdSet toWrite, int milliseconds)
    {
        TimeValue limit = new() { Seconds = milliseconds / 1_000, Microseconds = milliseconds % 1_000 * 1_000 };
        Call call = new(SystemCall.Select, end);
        observer.Began(in call);
        return Found(in call, Libc.Select(end, toRead.Words, toWrite.Words, 0, milliseconds < 0 ? null : &limit), "select");
    }

    /// <summary>See poll(2).</summary>
    internal int Poll(PollFd[] list, int count, int milliseconds)
    {
        Call call = new(SystemCall.Poll, count);
        observer.Began(in call);
        return Found(in call, Libc.Poll(list, (nuint)count, milliseconds), "poll");
    }

    /// <summary>See epoll_create1(2).</summary>
    internal FileDescriptor EpollCreate()
    {
        Call call = new(SystemCall.EpollCreate);
        observer.Began(in call);
        int epoll = Ended(in call, Libc.EpollCreate(Libc.EPOLL_CLOEXEC));
        FileDescriptor opened = epoll < 0 ? throw Errno.Failure("epoll_create1") : new FileDescriptor(epoll);
        DemandEnoughAreLeft(opened, "epoll_create1");
        return opened;
    }

    /// <summary>See epoll_ctl(2).</summary>
    internal void EpollControl(FileDescriptor epoll, int operation, SocketHandle socket, EpollEvents change)
    {
        Call call = new(SystemCall.EpollControl, socket, operation);
        observer.Began(in call);
        if (Ended(in call, Libc.EpollControl(epoll, operation, socket.Number, ref change.First)) < 0)
            throw Errno.Failure("epoll_ctl");
    }

    /// <summary>See epoll_wait(2).</summary>
    internal int EpollWait(FileDescriptor epoll, EpollEvents events, int milliseconds)
    {
        Call call = new(SystemCall.EpollWait, milliseconds);
        observer.Began(in call);
        return Found(in call, Libc.EpollWait(epoll, ref events.First, events.Capacity, milliseconds), "epoll_wait");
    }

    /// <summary>Takes one signal out of the queue. See sigtimedwait(2).</summary>
    /// <returns>The signal; 0 if none came in time.</returns>
    internal unsafe int SignalTimedWait(in SignalSet signals, out SignalInfo info, int milliseconds)
    {
        TimeSpecification limit = new() { Seconds = milliseconds / 1_000, Nanoseconds = milliseconds % 1_000 * 1_000_000 };
        Call call = new(SystemCall.SignalTimedWait, milliseconds);
        observer.Began(in call);
        int signal = Ended(in call, Libc.SignalTimedWait(in signals, out info, milliseconds < 0 ? null : &limit));
        if (signal >= 0)
            return signal;

        return Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR ? 0 : throw Errno.Failure("sigtimedwait");
    }

    /// <summary>Sends a signal to one thread, which ends its wait for signals. See pthread_kill(3).</summary>
    internal void Wake(nint thread, int signal) => Kill(thread, signal, SystemCall.Wake);

    /// <summary>Sends a signal to one thread, which interrupts the blocking call that it sleeps in. See pthread_kill(3).</summary>
    internal void Interrupt(nint thread, int signal) => Kill(thread, signal, SystemCall.Interrupt);

    private void Kill(nint thread, int signal, SystemCall kind)
    {
        Call call = new(kind, signal);
        observer.Began(in call);
        int error = Libc.ThreadKill(thread, signal);
        observer.Ended(in call, error == 0 ? 0 : -1, error);
    }

    private int Found(in Call call, int result, string name)
    {
        int found = Ended(in call, result);
        if (found >= 0)
            return found;

        return Marshal.GetLastPInvokeError() == Errno.EINTR ? 0 : throw Errno.Failure(name);
    }
}
