using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.EventLoops;

/// <summary>The sockets that may have more than was taken: what the kernel reports once must not be forgotten.</summary>
/// <remarks>Tokens, not sockets: one that is closed meanwhile is not found any more.</remarks>
internal sealed class ReadyList(SocketSet sockets)
{
    private HashSet<Token> _next = [];
    private HashSet<Token> _taken = [];

    /// <summary>How long a wait may last, in milliseconds: 0 while the list has a socket, except for a listener that backs off.</summary>
    public int LongestWait
    {
        get
        {
            int wait = Timeout.Infinite;
            foreach (Token token in _next)
            {
                int left = sockets.Find(token) is Listener listener ? listener.BackoffLeft : 0;
                if (left == 0)
                    return 0;

                wait = wait == Timeout.Infinite ? left : Math.Min(wait, left);
            }

            return wait;
        }
    }

    public void Add(Token token) => _next.Add(token);

    /// <summary>Takes all off the list, to be handled once each; one that is not finished then is added again.</summary>
    public HashSet<Token> Take()
    {
        _taken.Clear();
        (_next, _taken) = (_taken, _next);
        return _taken;
    }
}
