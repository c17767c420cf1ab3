using EchoModels.Connections;
using EchoModels.Processes;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>One process per connection: the child finds the socket where other programs find a terminal, and just copies.</summary>
/// <remarks>
/// As inetd did it, and as Unix servers began. A child that crashes takes one conversation with it and no other; the price is a
/// process each: some milliseconds to start, memory of its own, nothing shared. So it cannot be handed over either: when the
/// model is switched, its connections stay with their children until they end, and only newcomers go to the next model.
/// </remarks>
/// <param name="command">What a child runs; <c>cat</c> is an echo server already.</param>
public sealed class ProcessServer(IReadOnlyList<string> command) : IEchoServer
{
    /// <summary>How often it looks whether there is room for one more child, in milliseconds.</summary>
    private const int PollInterval = 50;

    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        ChildProbe.Hold(command);
        using ThreadGroup crew = new(sockets, stop);
        new ChildSpawner(command, sockets, crew).Run();
    }

    private sealed class ChildSpawner(IReadOnlyList<string> command, SocketSet sockets, ThreadGroup crew)
    {
        private readonly ChildProcesses _children = sockets.Children;

        private bool IsStopped => crew.Stop.IsCancellationRequested;

        public void Run()
        {
            List<Connection> waiting = [];
            sockets.SetBlocking(true);
            foreach (Connection adopted in sockets)
            {
                if (adopted.HasUnsent)
                    crew.Start(() => PayAndStart(adopted));
                else if (IsStopped || !_children.TryStart(command, adopted))
                    waiting.Add(adopted);
            }

            crew.Start(() => StartInTurn(waiting));
            foreach (Listener listener in sockets.Listeners)
                crew.Start(() => Welcome(listener));

            sockets.ReportStarted();
            crew.WaitForAll();
        }

        /// <summary>As long as there are too many children, or clients that wait for one, newcomers wait in the backlog.</summary>
        private void Welcome(Listener listener)
        {
            while (!IsStopped)
            {
                if (_children.Count + sockets.Count >= _children.Limit)
                    crew.Stop.WaitHandle.WaitOne(PollInterval);
                else if (BlockingServer.Welcome(listener, sockets, crew.BlockedThreads, crew.Stop) is { } newcomer)
                    Receive(newcomer);
            }
        }

        private void Receive(Connection newcomer)
        {
            if (!newcomer.HasUnsent || !TryStartThread(() => PayAndStart(newcomer)))
                PayAndStart(newcomer);
        }

        /// <summary>It owes its greeting; who does not read that, is to keep nobody else from coming in.</summary>
        private bool TryStartThread(Action work)
        {
            try
            {
                crew.Start(work);
                return true;
            }
            catch (IOException)
            {
                return false; // where there are no processes to be had, there are no threads
            }
        }

        /// <summary>What the server owes, no child knows of: it is sent before.</summary>
        private void PayAndStart(Connection client)
        {
            IoStatus status = IoStatus.Progress;
            using (crew.BlockedThreads.Enter(client))
            {
                while (client.HasUnsent && status != IoStatus.Closed && !IsStopped)
                    status = client.Echo([]);
            }

            if (status == IoStatus.Closed)
                sockets.Close(client);
            else if (!client.HasUnsent)
                StartInTurn([client]);
        }

        /// <summary>Sleeps until there is a child for each. Who has none when it is stopped, is still in the set.</summary>
        private void StartInTurn(List<Connection> clients)
        {
            using WaitingCount waiting = new(sockets, clients.Count);
            foreach (Connection client in clients)
            {
                while (!IsStopped && !_children.TryStart(command, client))
                    crew.Stop.WaitHandle.WaitOne(PollInterval);

                waiting.Decrement();
            }
        }
    }
}
