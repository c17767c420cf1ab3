using System.Collections.Concurrent;
using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.Threading;

namespace EchoModels.Models;

/// <summary>Several event loops, each on a thread of its own with its own selector or ring and its own share of the connections.</summary>
/// <remarks>
/// The first one accepts and deals the newcomers out in turn, so that the shares stay even. A listener for each loop
/// (SO_REUSEPORT) would spare the dealing, but a listener that goes takes its backlog with it: the clients that wait there would
/// be reset at every switch. See socket(7).
/// </remarks>
internal sealed class MultiLoopServer(int loops, Func<SocketSet, IEventLoop> newReactor) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        List<Loop> team = [];
        int next = 0;
        void Deal(Connection connection)
        {
            team[next].Give(connection);
            next = (next + 1) % team.Count;
        }

        for (int i = 0; i < loops; i++)
            team.Add(new Loop(() => newReactor(sockets), Deal));

        sockets.SetBlocking(false);
        foreach (Listener listener in sockets.Listeners)
            team[0].Give(listener);
        foreach (Connection adopted in sockets)
            Deal(adopted);

        using ThreadGroup crew = new(sockets, stop);
        if (team.TrueForAll(loop => loop.Starts(crew)))
            sockets.ReportStarted();

        crew.WaitForAll();
    }

    /// <summary>One thread's reactor, with an inbox for the sockets that another thread gives it.</summary>
    private sealed class Loop(Func<IEventLoop> newReactor, Action<Connection> deal)
    {
        private readonly ConcurrentQueue<EventSource> _inbox = new();
        private readonly TaskCompletionSource<bool> _serves = new();
        private readonly Lock _gate = new();
        private IEventLoop? _reactor;

        public void Give(EventSource socket)
        {
            _inbox.Enqueue(socket);
            lock (_gate)
                _reactor?.Wake();
        }

        /// <summary>Starts its thread, and waits until that serves what is in the inbox; false if it failed, which stops the crew.</summary>
        public bool Starts(ThreadGroup crew)
        {
            crew.Start(() => Run(crew.Stop));
            return _serves.Task.Result;
        }

        private void Run(CancellationToken stop)
        {
            try
            {
                using IEventLoop reactor = newReactor(); // on the thread that turns it: a ring obeys no other
                using CancellationTokenRegistration wake = stop.Register(reactor.Wake);
                reactor.Place = deal;
                Run(reactor, stop);
            }
            finally
            {
                _serves.TrySetResult(false); // which says nothing if it did serve
            }
        }

        private void Run(IEventLoop reactor, CancellationToken stop)
        {
            Wakes(reactor);
            try
            {
                TakeIn(reactor);
                _serves.SetResult(true);
                while (!stop.IsCancellationRequested)
                {
                    reactor.Turn();
                    TakeIn(reactor);
                }
            }
            finally
            {
                Wakes(null); // another thread may still give, when this one has left
            }
        }

        private void TakeIn(IEventLoop reactor)
        {
            while (_inbox.TryDequeue(out EventSource? socket))
                reactor.Add(socket);
        }

        private void Wakes(IEventLoop? reactor)
        {
            lock (_gate)
                _reactor = reactor;
        }
    }
}
