using System.Net;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>Opens the connections in batches, so that the server's backlog does not overflow.</summary>
/// <remarks>Where the host has several addresses, one connection is tried at each of them in turn; the first that answers gets all.</remarks>
internal sealed class Connector(ClientOptions options, IKernel kernel, ClientSet clients, Faults faults)
{
    /// <summary>Connections a batch; a server that starts a thread for each must be able to keep up.</summary>
    private const int Batch = 16;

    private readonly Queue<IPEndPoint> _otherAddresses = new(options.OtherAddresses);
    private int _next;

    /// <summary>Whether there are connections left to open.</summary>
    public bool HasMore => _next < options.Connections;

    /// <summary>Whether another address is tried if the present connection fails.</summary>
    private bool IsTrying => _otherAddresses.Count > 0 && clients.Connected == 0;

    /// <summary>Starts the next batch; the selector reports later how each handshake ended.</summary>
    public void StartBatch(long now)
    {
        for (int i = 0; i < Batch && HasMore && !(IsTrying && clients.Connecting > 0); i++)
        {
            int slot = _next++;
            Fault fault = Handshake.Begin(kernel, faults.Server, out int socket);
            if (fault == Fault.None)
                clients.Add(new LoadConnection(slot, socket, kernel, options) { LastProgress = now });
            else
                HandleFailure(fault);

            if (fault == Fault.NoDescriptor)
                FailRest(fault);
        }

        // A whole batch refused and none connected: the rest would be refused too.
        if (clients.Connected == 0 && faults[Fault.Refused] >= Batch)
            FailRest(Fault.Refused);
    }

    /// <summary>Handles a connection that could not be established: goes on to the next address, or counts the fault.</summary>
    public void HandleFailure(Fault fault)
    {
        if (IsTrying && fault != Fault.NoDescriptor)
        {
            faults.TryNext(_otherAddresses.Dequeue(), fault);
            _next = 0;
        }
        else
        {
            faults.Add(fault);
        }
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
