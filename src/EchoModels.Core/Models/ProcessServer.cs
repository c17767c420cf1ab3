using EchoModels.Connections;
using EchoModels.Processes;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>One process per connection: the child's standard input and output are the socket, and it just copies.</summary>
/// <remarks>
/// As inetd did it, and as Unix servers began. A child that crashes ends one conversation and no other; the price is a process each: some
/// milliseconds to start, memory of its own, nothing shared. So it cannot be handed over either: when the model is switched, its
/// connections stay with their children until they end, and only new ones go to the next model.
/// </remarks>
/// <param name="command">What a child runs; <c>cat</c> is an echo server already.</param>
/// <param name="children">Those that there are, also from earlier.</param>
public sealed class ProcessServer(IReadOnlyList<string> command, ChildProcesses children) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        ChildProbe.Run(command, sockets.Kernel.Linux!);
        using ThreadGroup threads = new(sockets, stop);
        ChildSpawner spawner = new(command, children, sockets, threads);

        sockets.SetBlocking(true);
        spawner.SpawnForAll();
        threads.StartTogether(sockets.Listeners.Select<Listener, Action>(listener => () => Accept(listener, spawner, threads)));

        sockets.ReportStarted();
        threads.WaitForAll();
    }

    /// <summary>Accept, spawn, again: the parent receives and sends nothing.</summary>
    private static void Accept(Listener listener, ChildSpawner spawner, ThreadGroup threads)
    {
        while (!threads.Stop.IsCancellationRequested)
        {
            if (spawner.WaitForRoom() && threads.Blocked.Accept(listener) is { } client)
                spawner.Spawn(client);
        }
    }
}
