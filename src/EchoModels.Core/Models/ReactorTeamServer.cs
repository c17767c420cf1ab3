using System.Collections.Concurrent;
using EchoModels.Blocking;
using EchoModels.Selectors;
using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>Several reactors, each on a thread of its own with its own selector and its own share of the connections.</summary>
/// <remarks>
/// The first one accepts and deals the newcomers out in turn, so that the shares stay even. A listener for each loop
/// (SO_REUSEPORT) would spare the dealing, but a listener that goes takes its backlog with it: the clients that wait there would
/// be reset at every switch. See socket(7).
/// </remarks>
internal sealed class ReactorTeamServer(
    int loops, Func<ISelector> openSelector, Func<SocketSet, ISelector, IReactor> newReactor) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        List<Loop> team = [];
        try
        {
            for (int i = 0; i < loops; i++)
                team.Add(new Loop(openSelector(), sockets, newReactor));

            Serve(sockets, team, stop);
        }
        finally
        {
            team.ForEach(loop => loop.Dispose());
        }
    }

    private static void Serve(SocketSet sockets, List<Loop> team, CancellationToken stop)
    {
        int turn = 0;
        Loop Next() => team[turn++ % team.Count];

        sockets.SetBlocking(false);
        foreach (Listener listener in sockets.Listeners)
            team[0].Add(listener);
        foreach (Connection adopted in sockets)
            Next().Add(adopted);
        team[0].DealOut(newcomer => Next().Give(newcomer));

        using Crew crew = new(sockets, stop);
        foreach (Loop loop in team)
            crew.Start(() => loop.Run(crew.Stop));

        sockets.Adopted();
        crew.WaitForAll();
    }

    /// <summary>A reactor with an inbox for the connections that another thread gives it.</summary>
    private sealed class Loop(ISelector selector, SocketSet sockets, Func<SocketSet, ISelector, IReactor> newReactor) : IDisposable
    {
        private readonly IReactor _reactor = newReactor(sockets, selector);
        private readonly ConcurrentQueue<Connection> _inbox = new();

        public void Add(WatchedSocket socket) => _reactor.Add(socket);

        public void DealOut(Action<Connection> deal) => _reactor.Place = deal;

        public void Give(Connection newcomer)
        {
            _inbox.Enqueue(newcomer);
            selector.Wake();
        }

        public void Run(CancellationToken stop)
        {
            using CancellationTokenRegistration wake = stop.Register(() => selector.Wake());
            while (!stop.IsCancellationRequested)
            {
                _reactor.Turn();
                while (_inbox.TryDequeue(out Connection? newcomer))
                    _reactor.Add(newcomer);
            }
        }

        public void Dispose() => selector.Dispose();
    }
}
