using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.Kernel;

namespace EchoModels.IoUring;

/// <summary>The completion loop: it does not ask which sockets are ready; it requests accepts, receives and sends, and reaps completions.</summary>
/// <remarks>One multishot request to receive has many completions: those count as messages. The only call in strace is io_uring_enter(2).</remarks>
internal sealed class UringProactor(SocketSet sockets, Ring ring) : IEventLoop
{
    private readonly Dictionary<Token, RingListener> _listeners = [];
    private readonly RingClients _clients = new();
    private readonly Queue<RingClient> _waitingForBuffer = [];
    private bool _closing;
    public Action<Connection>? OnAccepted { get; set; }

    public void Add(EventSource socket)
    {
        if (socket is Connection connection)
            SubmitNext(_clients.Add(connection, ring));
        else
            _listeners.Add(socket.Token, new RingListener((Listener)socket, sockets, ring));
    }

    public void RunOnce()
    {
        foreach (RingListener listener in _listeners.Values)
            listener.Accept();
        for (int i = _waitingForBuffer.Count; i > 0 && ring.Buffers.Free > 0; i--)
            SubmitNext(_waitingForBuffer.Dequeue());
        ring.Wait(_listeners.Count > 0 ? sockets.BackoffMilliseconds : Timeout.Infinite);
        ReapCompletions();
    }

    public void Wake() => ring.Wake();

    /// <summary>Gives up all requests, until each has had its last completion; what has come meanwhile is unsent.</summary>
    public void Dispose()
    {
        using Ring closing = ring;
        _closing = true;
        ring.Cancel(RequestKind.Wake, Token.Waker);
        while (ring.InFlight > 0)
        {
            int inFlight = ring.InFlight;
            foreach (RingListener listener in _listeners.Values)
                listener.Cancel();
            _clients.Cancel(); // without effect on a send that the kernel is just trying again, hence the loop
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
        while (ring.TryReap(out Completion completion))
        {
            switch (completion.Kind)
            {
                case RequestKind.Accept: _listeners[completion.Token].OnAccepted(completion, OnAccepted ?? Add); break;
                case RequestKind.Receive: SubmitNext(_clients[completion.Token].OnReceived(completion)); break;
                case RequestKind.Send: SubmitNext(_clients[completion.Token].OnSent(completion)); break;
                case RequestKind.SendUnsent: SubmitNext(_clients[completion.Token].OnUnsentSent(completion)); break;
                case RequestKind.Wake when !_closing: ring.ResetWaker(); break;
            }
        }
    }

    /// <summary>What to request for a client next: one send after the other, and a receive only when nothing is left to send.</summary>
    private void SubmitNext(RingClient client)
    {
        if (client.IsOver && client.IsQuiet)
            sockets.Close(_clients.Remove(client));
        else if (client.IsBroken && !_closing)
            client.Cancel();
        else if (client.IsSending || _closing)
            return; // when the loop ends, this is unsent, and the next model sends it
        else if (client.Connection.HasUnsent)
            client.SendUnsent();
        else if (client.HasPendingSends)
            client.SendPending();
        else if (client.WantsMore && !client.TryReceive())
            _waitingForBuffer.Enqueue(client);
    }
}
