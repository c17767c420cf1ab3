using System.Net.Sockets;
using EchoModels.Posix;
using EchoModels.Rings;
using EchoModels.Sockets;

namespace EchoModels.Models;

/// <summary>Do not ask who is ready: ask for the work. The kernel accepts, receives and sends, and we collect what it has done.</summary>
/// <remarks>
/// Accepting and receiving are asked for once and answered many times. No accept, recv or send is ever called, and
/// <c>status</c> counts none: strace agrees, it sees io_uring_enter only.
/// </remarks>
public sealed class IoUringServer(ModelContext context) : IEchoServer
{
    private readonly RingSettings _settings = new() { Multishot = RingSupport.GrantsLimitedMultishot, Spin = context.Spin };

    internal IoUringServer(ModelContext context, RingSettings settings) : this(context) => _settings = settings;

    public void Serve(SocketSet sockets, CancellationToken stop)
    {
        using Ring ring = new(_settings, context.Tally);
        using BufferRing buffers = new(ring, _settings, sockets.Reply);
        using CancellationTokenRegistration wake = stop.Register(ring.Wake);
        Loop loop = new(ring, buffers, sockets);
        try
        {
            // The ring waits for sockets of either kind. Who serves next most likely wants them to be non-blocking.
            sockets.SetBlocking(false);
            foreach (Listener listener in sockets.Listeners)
                loop.Add(listener);
            foreach (Connection adopted in sockets)
                loop.Add(adopted);

            ring.Enter(atLeast: 0); // a kernel that refuses now has taken nothing
            sockets.Adopted();
            loop.Run(stop);
        }
        finally
        {
            loop.LetGo();
        }
    }

    /// <summary>One thread with a ring of its own, for the whole set or a part of it.</summary>
    internal sealed class Loop(Ring ring, BufferRing buffers, SocketSet sockets)
    {
        private readonly List<Listener> _listeners = [];
        private readonly RingClients _clients = new();
        private readonly Queue<RingClient> _thirsty = [];
        private bool _lettingGo;

        public void Add(Listener listener)
        {
            listener.Told = Interest.None;
            _listeners.Add(listener);
        }

        public void Add(Connection connection) => GoOn(_clients.Add(connection));

        public void Run(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                foreach (Listener listener in _listeners)
                    Accept(listener);
                for (int i = _thirsty.Count; i > 0 && buffers.Free > 0; i--)
                    GoOn(_thirsty.Dequeue());

                ring.Wait(sockets.RestMilliseconds);
                TakeAnswers();
            }
        }

        /// <summary>Gives up whatever is asked, and waits until the kernel has answered all of it; what comes meanwhile is owed.</summary>
        public void LetGo()
        {
            _lettingGo = true;
            while (ring.InFlight > 0)
            {
                ring.CancelAll();
                ring.Enter(atLeast: 1);
                TakeAnswers();
            }

            foreach (RingClient client in _clients.All)
                client.OwePieces(buffers);
        }

        private void TakeAnswers()
        {
            while (ring.TryTake(out Completion answer))
            {
                switch (answer.Kind)
                {
                    case RequestKind.Accept: Accepted((Listener)sockets.Find(answer.Token)!, answer); break;
                    case RequestKind.Receive: GoOn(_clients[answer.Token].Received(answer, buffers)); break;
                    case RequestKind.Send: GoOn(_clients[answer.Token].Sent(answer, buffers)); break;
                    case RequestKind.SendOwed: GoOn(_clients[answer.Token].OwedSent(answer)); break;
                    case RequestKind.Cancel: GoOn(_clients[answer.Token].Cancelled()); break;
                    case RequestKind.Bell when !_lettingGo: ring.WatchBell(); break; // somebody wants us to look at the stop token
                }
            }
        }

        private void Accept(Listener listener)
        {
            if (listener.Told != Interest.None || listener.IsResting)
                return;

            listener.EndRest();
            listener.Told = Interest.Read;
            ring.Accept(listener);
        }

        private void Accepted(Listener listener, in Completion answer)
        {
            listener.Told = answer.HasMore ? Interest.Read : Interest.None;
            if (answer.Result < 0)
                sockets.Refused(listener, Errno.Meaning(answer.Error));
            else if (sockets.Welcome(new Socket(new SafeSocketHandle(answer.Result, ownsHandle: true))) is { } newcomer)
                Add(newcomer);
        }

        /// <summary>What to ask for a client next: one send after the other, and a receive only when nothing is left to send.</summary>
        private void GoOn(RingClient client)
        {
            if (client.IsOver && client.IsQuiet)
                Close(client);
            else if (_lettingGo)
                return; // what is left to send will be owed, and the next model sends it
            else if (client.IsBroken)
                client.Cancel(ring);
            else if (client.IsSending)
                return;
            else if (client.Connection.Owes)
                client.SendOwed(ring);
            else if (client.HasPieces)
                client.SendPiece(ring, buffers);
            else if (client.IsReceiving || client.HasEnded)
                return;
            else if (buffers.Free > 0)
                client.Receive(ring, buffers);
            else
                _thirsty.Enqueue(client);
        }

        private void Close(RingClient client)
        {
            client.DropPieces(buffers);
            _clients.Remove(client);
            sockets.Close(client.Connection);
        }
    }
}
