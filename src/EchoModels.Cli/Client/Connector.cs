using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>Opens the connections in batches, so that the server's backlog does not overflow.</summary>
internal sealed class Connector(ClientOptions options, IKernel kernel, ClientSet clients, Faults faults)
{
    /// <summary>Connections a batch; a server that starts a thread for each must be able to keep up.</summary>
    private const int Batch = 16;

    private int _next;

    /// <summary>Whether there are connections left to open.</summary>
    public bool HasMore => _next < options.Connections;

    /// <summary>Starts the next batch; the selector reports later how each handshake ended.</summary>
    public void StartBatch(long now)
    {
        for (int i = 0; i < Batch && HasMore; i++)
        {
            int slot = _next++;
            Fault fault = Handshake.Begin(kernel, options.Server, out int socket);
            if (fault == Fault.None)
                clients.Add(new LoadConnection(slot, socket, kernel, options) { LastProgress = now });
            else
                faults.Add(fault);

            if (fault == Fault.NoDescriptor)
                FailRest(fault);
        }

        // A whole batch refused and none connected: the rest would be refused too.
        if (clients.Connected == 0 && faults[Fault.Refused] >= Batch)
            FailRest(Fault.Refused);
    }

    /// <summary>Opens no more connections.</summary>
    public void Stop() => _next = options.Connections;

    /// <summary>Counts the connections that were not tried as failed, for the same reason.</summary>
    private void FailRest(Fault fault)
    {
        faults.Add(fault, options.Connections - _next);
        Stop();
    }
}
