using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <content>Signals from sockets: F_SETOWN_EX, F_SETSIG and FIOASYNC of fcntl(2) and ioctl(2).</content>
public sealed partial class LinuxKernel
{
    /// <summary>From here on, each event of the socket queues this signal for one thread. What has arrived before sends none.</summary>
    internal void EnableSignals(SocketHandle socket, int signal, int thread)
    {
        FileOwner owner = new() { Kind = Libc.F_OWNER_TID, Id = thread };
        Call call = new(SystemCall.FileControl, socket, Libc.F_SETOWN_EX);
        observer.Began(in call);
        if (Ended(in call, Libc.FileControl(socket.Number, Libc.F_SETOWN_EX, in owner)) < 0)
            throw Errno.Failure("fcntl");

        FileControl(socket, Libc.F_SETSIG, signal);
        if (SetAsynchronous(socket, 1) < 0)
            throw Errno.Failure("ioctl");
    }

    /// <summary>No signal any more when this returns; the kernel waits for one that is just being sent.</summary>
    internal void DisableSignals(SocketHandle socket)
    {
        SetAsynchronous(socket, 0);
        FileControl(socket, Libc.F_SETOWN, 0);
        FileControl(socket, Libc.F_SETSIG, 0);
    }

    private int SetAsynchronous(SocketHandle socket, int on)
    {
        Call call = new(SystemCall.Control, socket, Libc.FIOASYNC);
        observer.Began(in call);
        return Ended(in call, Libc.ControlWith(socket.Number, Libc.FIOASYNC, in on));
    }
}
