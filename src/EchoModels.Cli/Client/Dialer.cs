using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>Opens the connections, some each millisecond, so that the server's backlog does not overflow.</summary>
internal sealed class Dialer(ClientOptions options, ISocketIo io, ClientSet clients, Faults faults)
{
    /// <summary>How many at once; a server that makes a thread for each must be able to follow.</summary>
    private const int Batch = 16;

    private int _next;

    /// <summary>Whether there are connections left to open.</summary>
    public bool HasMore => _next < options.Connections;

    /// <summary>Begins the next few; the clients learns later what became of them.</summary>
    public void DialSome(long now)
    {
        for (int i = 0; i < Batch && HasMore; i++)
        {
            int slot = _next++;
            Fault fault = Handshake.Begin(options.Server, out Socket? socket);
            if (socket is not null)
                clients.Join(new LoadConnection(slot, socket, io, options) { LastProgress = now });
            else
                faults.Add(fault);

            if (fault == Fault.NoDescriptor)
                LeaveOut(fault);
        }

        // So many refused, and nobody let in: the others need not try.
        if (clients.Connected == 0 && faults[Fault.Refused] >= Batch)
            LeaveOut(Fault.Refused);
    }

    /// <summary>Opens no more.</summary>
    public void Stop() => _next = options.Connections;

    /// <summary>Does not try those that have not tried yet, as they would fare no better.</summary>
    private void LeaveOut(Fault fault)
    {
        faults.Add(fault, options.Connections - _next);
        Stop();
    }
}
