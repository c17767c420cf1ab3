using EchoModels.Kernel;

namespace EchoModels;

/// <summary>Makes the kernel that a model runs on, with its observers.</summary>
/// <param name="counters">The observer that is always there.</param>
/// <param name="wrap">Wraps each kernel; for tests.</param>
public sealed class KernelFactory(CallCounters counters, Func<IKernel, IKernel>? wrap = null)
{
    private readonly Func<IKernel, IKernel> _wrap = wrap ?? (kernel => kernel);

    /// <summary>Makes the calls while no model serves; elsewhere than on Linux, while one serves too.</summary>
    public IKernel System { get; } = (wrap ?? (kernel => kernel))(SystemKernel.Open(counters));

    /// <summary>The kernel for one model.</summary>
    /// <param name="model">Its row says which kind.</param>
    /// <param name="observer">Is told of the calls besides the counters; null for none.</param>
    /// <param name="prepared">The Socket objects that were made for it; null for none.</param>
    /// <exception cref="IOException">The model needs Sockets, and the runtime can make none here.</exception>
    public IKernel Open(ModelRow model, ICallObserver? observer, SocketObjects? prepared = null)
    {
        if (!OperatingSystem.IsLinux())
            return System;

        if (model.UsesRuntime)
            RuntimeSockets.Demand();

        ICallObserver all = observer is null ? counters : new CallObservers(counters, observer);
        return _wrap(model.UsesRuntime ? new RuntimeKernel(all, prepared) : new LinuxKernel(all, prepared));
    }
}
