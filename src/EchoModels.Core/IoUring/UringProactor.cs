using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.Kernel;

namespace EchoModels.IoUring;

/// <summary>Do not ask who is ready: ask for the work. The kernel accepts, receives and sends, and we collect what it has done.</summary>
/// <remarks>One request to receive has many answers: those are counted as messages. The only call in strace is io_uring_enter(2).</remarks>
internal sealed class UringProactor(SocketSet sockets, Ring ring) : IEventLoop
{
    private readonly Dictionary<Token, RingListener> _listeners = [];
    private readonly RingClients _clients = new();
    private readonly Queue<RingClient> _waitingForBuffer = [];
    private bool _interrupting;

    public Action<Connection>? Place { get; set; }

    public void Add(EventSource socket)
    {
        if (socket is Listener listener)
            _listeners.Add(listener.Token, new RingListener(listener, sockets, ring));
        else
            SubmitNext(_clients.Add((Connection)socket, ring));
    }

    public void Turn()
    {
        foreach (RingListener listener in _listeners.Values)
            listener.Accept();
        for (int i = _waitingForBuffer.Count; i > 0 && ring.Buffers.Free > 0; i--)
            SubmitNext(_waitingForBuffer.Dequeue());

        ring.Wait(_listeners.Count > 0 ? sockets.BackoffMilliseconds : Timeout.Infinite);
        ReapCompletions();
    }

    public void Wake() => ring.Wake();

    /// <summary>Gives up whatever is asked, until the kernel has answered all of it; what has come meanwhile is owed.</summary>
    public void Dispose()
    {
        using Ring closing = ring;
        _interrupting = true;
        ring.Cancel(RequestKind.Bell);
        while (ring.InFlight > 0)
        {
            int inFlight = ring.InFlight;
            foreach (RingListener listener in _listeners.Values)
                listener.Cancel();
            _clients.Cancel(); // in vain for a send that the kernel is just trying again, hence the loop
            do
            {
                ring.Enter(atLeast: (uint)Math.Max(1, ring.InFlight - inFlight));
                ReapCompletions();
            }
            while (ring.InFlight > inFlight);
        }
        _clients.KeepPendingSends();
    }

    private void ReapCompletions()
    {
        while (ring.TryTake(out Completion answer))
        {
            switch (answer.Kind)
            {
                case RequestKind.Accept: _listeners[answer.Token].Accepted(answer, Place ?? Add); break;
                case RequestKind.Receive: SubmitNext(_clients[answer.Token].Received(answer)); break;
                case RequestKind.Send: SubmitNext(_clients[answer.Token].Sent(answer)); break;
                case RequestKind.SendUnsent: SubmitNext(_clients[answer.Token].OnUnsentSent(answer)); break;
                case RequestKind.Bell when !_interrupting: ring.WatchBell(); break; // somebody wants us to look at something else
            }
        }
    }

    /// <summary>What to ask for a client next: one send after the other, and a receive only when nothing is left to send.</summary>
    private void SubmitNext(RingClient client)
    {
        if (client.IsOver && client.IsQuiet)
            sockets.Close(_clients.Remove(client));
        else if (client.IsBroken && !_interrupting)
            client.Cancel();
        else if (client.IsSending || _interrupting)
            return; // what is still to be sent when we have let go is owed, and the next model sends it
        else if (client.Connection.HasUnsent)
            client.SendUnsent();
        else if (client.HasPendingSends)
            client.SendPending();
        else if (client.WantsMore && !client.TryReceive())
            _waitingForBuffer.Enqueue(client);
    }
}
