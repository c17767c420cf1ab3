using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>All clients by slot, each registered with the selector for the interest of its state.</summary>
internal sealed class ClientSet(int slots, ISelector selector, IKernel kernel, Faults faults) : IDisposable
{
    private readonly LoadConnection?[] _clients = new LoadConnection?[slots];

    /// <summary>Clients that are not closed, those that are still connecting included.</summary>
    public int Open { get; private set; }

    public int Connecting { get; private set; }

    /// <summary>Clients whose connection was established, those that failed afterwards included.</summary>
    public int Connected { get; private set; }

    /// <summary>Bytes received by all of them.</summary>
    public long Received => _clients.Sum(client => client?.Received ?? 0);

    /// <summary>The client of an event; null if its slot was never used.</summary>
    public LoadConnection? Find(Token token) => _clients[token.Slot];

    public IEnumerable<LoadConnection> In(ClientState state) => _clients.OfType<LoadConnection>().Where(client => client.State == state);

    /// <summary>Adds a client that is connecting.</summary>
    public void Add(LoadConnection client)
    {
        _clients[client.Slot] = client;
        Open++;
        Connecting++;
        client.RegisteredInterest = client.Interest;
        selector.Add(client.Socket, client.RegisteredInterest);
    }

    /// <summary>Moves a client from connecting to established.</summary>
    public void HandleConnected(LoadConnection client)
    {
        client.State = ClientState.Established;
        Connecting--;
        Connected++;
        Update(client);
    }

    /// <summary>Modifies a client's registration if its interest has changed, and makes no call if it has not.</summary>
    public void Update(LoadConnection client)
    {
        Interest interest = client.Interest;
        if (interest == client.RegisteredInterest)
            return;

        client.RegisteredInterest = interest;
        selector.Modify(client.Socket, interest);
    }

    /// <summary>Ends the client's stream; the server must answer with its own end of stream, and with nothing else.</summary>
    public void HalfClose(LoadConnection client, long now)
    {
        client.State = ClientState.HalfClosed;
        client.LastProgress = now;
        client.ShutdownSend(); // if the server has reset the connection, the next receive fails
        Update(client);
    }

    /// <summary>Fails every client that has waited for the server since a moment without any progress.</summary>
    public void FailStalled(long since)
    {
        foreach (LoadConnection? client in _clients)
        {
            Fault fault = client?.FaultIfStalled(since) ?? Fault.None;
            if (fault != Fault.None)
                Fail(client!, fault);
        }
    }

    public void Fail(LoadConnection client, Fault fault)
    {
        faults.Add(fault, client);
        Close(client);
    }

    public void Close(LoadConnection client)
    {
        if (client.State == ClientState.Connecting)
            Connecting--;

        client.State = ClientState.Closed;
        Open--;
        selector.Remove(client.Socket);
        kernel.Close(client.Socket);
    }

    /// <summary>Closes the clients that are still open.</summary>
    public void Dispose()
    {
        foreach (LoadConnection? client in _clients)
        {
            if (client is { State: not ClientState.Closed })
                Close(client);
        }
    }
}
