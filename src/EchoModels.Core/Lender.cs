using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels;

/// <summary>Lends the set to one model: with the kernel that its row asks for, its observers and its options.</summary>
internal sealed class Lender(SocketSet sockets, HostServices services)
{
    private Preparation? _preparation;

    /// <summary>Makes what takes long while the model before still serves: a Socket object for each socket, if the next one needs them.</summary>
    /// <remarks>Called before that one is told to stop, and by one thread at a time. What it cannot make is made later.</remarks>
    public void Prepare(Lending next)
    {
        if (!OperatingSystem.IsLinux() || !UsesSocketObjects(next) || RuntimeSockets.UnavailableReason is not null)
            return;

        SocketObjects objects = new(areNonBlocking: next.Model.UsesRuntime);
        sockets.Visit(connection => objects.Prepare(connection.Socket));
        Interlocked.Exchange(ref _preparation, new Preparation(next, objects))?.Objects.Dispose();
    }

    /// <summary>Returns when the model has given the set back; between two lendings the system's own kernel makes the calls.</summary>
    /// <exception cref="IOException">The model cannot start or go on here.</exception>
    public void Lend(Lending lending, CancellationToken stop)
    {
        ModelOptions options = lending.Options.UsedBy(lending.Model);
        services.Selectors.Current = null;
        services.Selectors.Forced = options.Selector;
        IKernel kernel = services.Kernels.Open(lending.Model, lending.Observer, TakePrepared(lending));
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

    private static bool UsesSocketObjects(Lending lending)
    {
        SelectorRow? forced = lending.Options.UsedBy(lending.Model).Selector;
        return forced?.UsesSocketObjects ?? lending.Model.UsesSocketObjects;
    }

    private SocketObjects? TakePrepared(Lending lending)
    {
        Preparation? preparation = Interlocked.Exchange(ref _preparation, null);
        if (preparation is null || preparation.For != lending)
        {
            preparation?.Objects.Dispose();
            return null;
        }

        preparation.Objects.UsePrepared(sockets.IsOpen);
        return preparation.Objects;
    }

    /// <summary>What was made for a lending that has not begun.</summary>
    private sealed record Preparation(Lending For, SocketObjects Objects);
}
