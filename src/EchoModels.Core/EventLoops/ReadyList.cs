using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>The sockets that may have more for us than was taken: what is told only once must not be forgotten.</summary>
/// <remarks>Tokens, not sockets, so that one which is closed meanwhile is found no more.</remarks>
internal sealed class ReadyList(SocketSet sockets)
{
    private HashSet<Token> _next = [];
    private HashSet<Token> _taken = [];

    /// <summary>How long a wait may last, in milliseconds: 0 as long as somebody is on the list; a listener is given its rest.</summary>
    public int LongestWait
    {
        get
        {
            int wait = Timeout.Infinite;
            foreach (Token token in _next)
            {
                int rest = sockets.Find(token) is Listener listener ? listener.BackoffLeft : 0;
                if (rest == 0)
                    return 0;

                wait = wait == Timeout.Infinite ? rest : Math.Min(wait, rest);
            }

            return wait;
        }
    }

    public void Add(EventSource socket) => _next.Add(socket.Token);

    public void AddAll()
    {
        foreach (Listener listener in sockets.Listeners)
            Add(listener);
        foreach (Connection connection in sockets)
            Add(connection);
    }

    /// <summary>Takes everybody off the list, to be attended to once each; whoever is not finished then comes back to it.</summary>
    public HashSet<Token> Take()
    {
        _taken.Clear();
        (_next, _taken) = (_taken, _next);
        return _taken;
    }
}
