using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <content>The three calls of io_uring(7).</content>
public sealed partial class LinuxKernel
{
    /// <summary>See io_uring_setup(2). The descriptor is invalid if it failed; errno tells why.</summary>
    internal FileDescriptor UringSetup(uint entries, ref RingParameters parameters)
    {
        Call call = new(SystemCall.UringSetup, entries);
        observer.Began(in call);
        FileDescriptor ring = Uring.Setup(entries, ref parameters);
        Ended(in call, ring.IsInvalid ? -1 : (int)ring.DangerousGetHandle());
        if (!ring.IsInvalid)
            DemandEnoughAreLeft(ring, "io_uring_setup");

        return ring;
    }

    /// <summary>See io_uring_enter(2).</summary>
    /// <returns>How many requests were taken; -1 if it failed: errno tells why.</returns>
    internal unsafe int UringEnter(int ring, uint submit, uint atLeast, uint flags, WaitArgument* argument)
    {
        Call call = new(SystemCall.UringEnter, submit);
        observer.Began(in call);
        return Ended(in call, Uring.Enter(ring, submit, atLeast, flags, argument));
    }

    /// <summary>See io_uring_register(2). -1 if it failed: errno tells why.</summary>
    internal unsafe int UringRegister(SafeHandle ring, uint what, void* argument, uint count)
    {
        Call call = new(SystemCall.UringRegister, what);
        observer.Began(in call);
        return Ended(in call, Uring.Register(ring, what, argument, count));
    }
}
