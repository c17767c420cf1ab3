using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>All clients by slot, each registered with the selector for the interest of its state.</summary>
internal sealed class ClientSet(int slots, ISelector selector, IKernel kernel) : IDisposable
{
    private readonly LoadConnection?[] _clients = new LoadConnection?[slots];

    /// <summary>Raised before a client that has failed is closed.</summary>
    public event Action<LoadConnection, Fault>? Failed;

    /// <summary>Clients that are not closed, those that are still connecting included.</summary>
    public int Open { get; private set; }

    public int Connecting { get; private set; }

    /// <summary>Clients whose connection was established, those that failed afterwards included.</summary>
    public int Connected { get; private set; }

    /// <summary>Clients that got an answer while messages were sent.</summary>
    public int Served => _clients.Count(client => client is { Echoed: > 0, IsStarved: false });

    /// <summary>Clients that sent messages and got no answer.</summary>
    public int Starved => _clients.Count(client => client is { IsStarved: true });

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
    /// <param name="since">The moment.</param>
    /// <param name="look">Handles what has arrived at a client's socket and was not reported yet; called before it is judged.</param>
    public void FailStalled(long since, Action<LoadConnection> look)
    {
        foreach (LoadConnection? client in _clients)
        {
            if (client is null || client.FaultIfStalled(since) == Fault.None)
                continue;

            look(client);
            Fault fault = client.FaultIfStalled(since);
            if (fault != Fault.None)
                Fail(client, fault);
        }
    }

    /// <summary>Takes a time in which this process stood still off all waits.</summary>
    public void HandleStandstill(long nanoseconds)
    {
        foreach (LoadConnection? client in _clients)
        {
            if (client is not null)
                client.LastProgress += nanoseconds;
        }
    }

    public void Fail(LoadConnection client, Fault fault)
    {
        Failed?.Invoke(client, fault);
        Close(client);
    }

    /// <summary>Closes every client, without counting a fault.</summary>
    public void CloseAll()
    {
        foreach (LoadConnection? client in _clients)
        {
            if (client is { State: not ClientState.Closed })
                Close(client);
        }
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
    public void Dispose() => CloseAll();
}
