using EchoModels.Metering;
using EchoModels.Signals;
using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>Signal-driven: nobody asks about sockets; each sends a signal, with its number, when something happens to it.</summary>
/// <remarks>
/// W. R. Stevens' fourth model, in the form that Linux gives it: the signal does not interrupt, it waits in a queue until it is
/// collected. It tells an event once, like an edge of epoll; but every event has its own, and may be out of date when it is read:
/// then the socket just says "not now". There is no list of sockets in the kernel, only a flag on each (O_ASYNC).
/// </remarks>
public sealed class SignalServer(Tally tally) : IEchoServer
{
    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using SignalQueue signals = new(tally);
        using CancellationTokenRegistration wake = stop.Register(signals.Wake);
        sockets.Condemned += signals.Wake; // shutting a socket down ourselves makes the kernel send no signal
        try
        {
            Serve(sockets, new SignalLoop(sockets, signals), stop);
        }
        finally
        {
            sockets.Condemned -= signals.Wake;
            foreach (Listener listener in sockets.Listeners)
                SignalQueue.Disarm(listener.Socket);
            foreach (Connection connection in sockets)
                SignalQueue.Disarm(connection.Socket);
        }
    }

    private static void Serve(SocketSet sockets, SignalLoop loop, CancellationToken stop)
    {
        sockets.SetBlocking(false);
        foreach (Listener listener in sockets.Listeners)
            loop.Add(listener);
        foreach (Connection adopted in sockets)
            loop.Add(adopted);

        sockets.Adopted();
        while (!stop.IsCancellationRequested)
            loop.Turn();
    }

    /// <summary>An edge loop whose news come as signals.</summary>
    private sealed class SignalLoop(SocketSet sockets, SignalQueue signals) : EdgeLoop(sockets)
    {
        /// <summary>However many signals wait, those who are unfinished get their turn after so many.</summary>
        private const int SignalsAtOnce = 64;

        /// <summary>Who last had a descriptor's number.</summary>
        private Token[] _tokens = new Token[64];

        protected override void Watch(WatchedSocket socket)
        {
            int descriptor = (int)socket.Socket.Handle;
            while (descriptor >= _tokens.Length)
                Array.Resize(ref _tokens, _tokens.Length * 2);

            _tokens[descriptor] = socket.Token;
            signals.Arm(socket.Socket);
        }

        protected override void Forget(Connection connection)
        {
            // Closing disarms. A signal that is still queued finds nobody, or a newcomer of the same number, who is asked in vain.
        }

        protected override void Collect(Unfinished unfinished)
        {
            for (int i = 0; i < SignalsAtOnce; i++)
            {
                int descriptor = signals.Wait(unfinished.LongestWait);
                if (descriptor == SignalQueue.Anybody)
                    unfinished.AddAll();
                if (descriptor < 0)
                    return;

                Attend(_tokens[descriptor]);
            }
        }
    }
}
