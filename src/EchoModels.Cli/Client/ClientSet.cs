using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>All clients, by slot, and what the selector knows of each.</summary>
internal sealed class ClientSet(int slots, ISelector selector, Faults faults) : IDisposable
{
    private readonly LoadConnection?[] _clients = new LoadConnection?[slots];

    /// <summary>Clients whose conversation is not over, those who are still connecting included.</summary>
    public int Open { get; private set; }

    public int Connecting { get; private set; }

    /// <summary>Clients that had a connection, whatever became of it.</summary>
    public int Connected { get; private set; }

    /// <summary>Bytes that came back to any of them.</summary>
    public long Received => _clients.Sum(client => client?.Received ?? 0);

    /// <summary>The client an event is about; null if its slot was never taken.</summary>
    public LoadConnection? Find(Token token) => _clients[token.Slot];

    public IEnumerable<LoadConnection> In(Stage stage) => _clients.OfType<LoadConnection>().Where(client => client.Stage == stage);

    /// <summary>Takes in a client that is connecting.</summary>
    public void Join(LoadConnection client)
    {
        _clients[client.Slot] = client;
        Open++;
        Connecting++;
        client.Told = client.Interest;
        selector.Add(client.Socket, client.Told, client.Token);
    }

    /// <summary>Its handshake went well.</summary>
    public void Welcome(LoadConnection client)
    {
        client.Stage = Stage.Talking;
        Connecting--;
        Connected++;
        Update(client);
    }

    /// <summary>Tells the selector only what has changed: a client that can begin or cease to send.</summary>
    public void Update(LoadConnection client)
    {
        Interest now = client.Interest;
        if (now == client.Told)
            return;

        client.Told = now;
        selector.Modify(client.Socket, now, client.Token);
    }

    /// <summary>Half-closes: what the server sends from here on is its own end of stream, or too much.</summary>
    public void End(LoadConnection client, long now)
    {
        client.Stage = Stage.Ending;
        client.LastProgress = now;
        Fault fault = client.ShutdownSend();
        if (fault == Fault.None)
            Update(client);
        else
            Fail(client, fault);
    }

    /// <summary>Gives up all those for whom the server has done nothing since that moment.</summary>
    public void TimeOut(long since)
    {
        foreach (LoadConnection? client in _clients)
        {
            Fault fault = client?.TimedOut(since) ?? Fault.None;
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
        if (client.Stage == Stage.Connecting)
            Connecting--;

        client.Stage = Stage.Closed;
        Open--;
        selector.Remove(client.Socket);
        client.Socket.Dispose();
    }

    /// <summary>Closes whoever is left.</summary>
    public void Dispose()
    {
        foreach (LoadConnection? client in _clients)
        {
            if (client is { Stage: not Stage.Closed })
                Close(client);
        }
    }
}
