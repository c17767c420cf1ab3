using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.Selectors;

/// <summary>Signals that are blocked on this thread until the end: they wait in a queue and interrupt nothing.</summary>
/// <remarks>See pthread_sigmask(3). Nothing may send one any more when this is disposed of, on the same thread.</remarks>
internal sealed class BlockedSignals : IDisposable
{
    private readonly LinuxKernel _kernel;
    private readonly SignalSet _blocked;
    private readonly SignalSet _maskBefore;

    /// <exception cref="IOException">They cannot be blocked.</exception>
    public BlockedSignals(LinuxKernel kernel, in SignalSet blocked)
    {
        _kernel = kernel;
        _blocked = blocked;
        if (Libc.ThreadSignalMask(Libc.SIG_BLOCK, in blocked, out _maskBefore) is not 0 and int error)
            throw Errno.Failure("pthread_sigmask", error);
    }

    /// <summary>One that is delivered once the mask is as it was would kill the process: so none is left before that.</summary>
    public void Dispose()
    {
        while (_kernel.SignalTimedWait(in _blocked, out _, 0) > 0)
            continue;

        _ = Libc.ThreadSignalMask(Libc.SIG_SETMASK, in _maskBefore, out _);
    }
}
