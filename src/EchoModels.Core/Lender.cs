using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels;

/// <summary>Lends the set to one model: with the kernel that its row asks for, its observers and its options.</summary>
internal sealed class Lender(SocketSet sockets, HostServices services)
{
    /// <summary>Returns when the model has given the set back; between two lendings the system's own kernel makes the calls.</summary>
    /// <exception cref="IOException">The model cannot start or go on here.</exception>
    public void Lend(Lending lending, CancellationToken stop)
    {
        ModelOptions options = lending.Options.UsedBy(lending.Model);
        services.Selectors.Current = null;
        services.Selectors.Forced = options.Selector;
        IKernel kernel = services.Kernels.Open(lending.Model, lending.Observer);
        try
        {
            sockets.Kernel = kernel;
            lending.Model.Create(services.ContextFor(options)).Serve(sockets, stop);
        }
        finally
        {
            sockets.Kernel = services.Kernels.System;
            if (kernel != services.Kernels.System)
                kernel.Dispose();
        }

        if (!stop.IsCancellationRequested)
            throw new InvalidOperationException($"the model {lending.Model.Name} returned without being told to stop");
    }
}
