using EchoModels.Connections;
using EchoModels.Threading;

namespace EchoModels.Processes;

/// <summary>Gives each connection a child process, and has it wait where there is none for it.</summary>
/// <param name="command">What a child runs.</param>
/// <param name="children">Those that there are.</param>
/// <param name="sockets">Where the connections come from.</param>
/// <param name="threads">The threads that wait, for a child or for a client to read its greeting.</param>
internal sealed class ChildSpawner(IReadOnlyList<string> command, ChildProcesses children, SocketSet sockets, ThreadGroup threads)
{
    /// <summary>How often it is checked whether there is room for one more child, in milliseconds.</summary>
    private const int PollInterval = 50;

    private bool IsStopped => threads.Stop.IsCancellationRequested;

    /// <summary>Starts a child for each connection of the set; those for which there is none wait.</summary>
    public void SpawnForAll()
    {
        List<Connection> waiting = [];
        foreach (Connection adopted in sockets)
        {
            if (adopted.HasUnsent)
                threads.Start(() => SendUnsentAndSpawn(adopted));
            else if (IsStopped || !children.TryStart(command, adopted))
                waiting.Add(adopted);
        }

        threads.Start(() => SpawnInTurn(waiting));
    }

    /// <summary>Sleeps while there are too many children, or connections that wait for one: new ones then wait in the backlog.</summary>
    /// <returns>False while it is to be asked again.</returns>
    public bool WaitForRoom()
    {
        if (children.Count + sockets.Count < children.Limit)
            return true;

        threads.Stop.WaitHandle.WaitOne(PollInterval);
        return false;
    }

    /// <summary>Starts a child for a connection, and sleeps until there is one.</summary>
    public void Spawn(Connection client)
    {
        // A client that does not read its greeting must not keep the others from being accepted.
        if (!client.HasUnsent || !TryStartThread(() => SendUnsentAndSpawn(client)))
            SendUnsentAndSpawn(client);
    }

    private bool TryStartThread(Action work)
    {
        try
        {
            threads.Start(work);
            return true;
        }
        catch (IOException)
        {
            return false; // where the system gives no thread, it gives no process either
        }
    }

    /// <summary>A child does not know what is unsent: it is sent before.</summary>
    private void SendUnsentAndSpawn(Connection client)
    {
        IoStatus status = IoStatus.Progress;
        using (threads.Blocked.Enter(client))
        {
            while (client.HasUnsent && status != IoStatus.Closed && !IsStopped)
                status = client.SendUnsent();
        }

        if (status == IoStatus.Closed)
            sockets.Close(client);
        else if (!client.HasUnsent)
            SpawnInTurn([client]);
    }

    /// <summary>Sleeps until there is a child for each. One that has none at the stop is still in the set.</summary>
    private void SpawnInTurn(List<Connection> clients)
    {
        using WaitingCount waiting = new(sockets, clients);
        foreach (Connection client in clients)
        {
            while (!IsStopped && !children.TryStart(command, client))
                threads.Stop.WaitHandle.WaitOne(PollInterval);

            waiting.Decrement();
        }
    }
}
